/** The one stylesheet of the sign-in pages; the content security policy has its hash. */
export const stylesheet = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f2f4f7, #14171c);
  --card: light-dark(#ffffff, #1d2128);
  --line: light-dark(#c9d0da, #3b4350);
  --text: light-dark(#1a1f27, #e7ebf0);
  --soft: light-dark(#566072, #a7b1c0);
  --accent: light-dark(#1858b8, #8ab4f8);
  --on-accent: light-dark(#ffffff, #10203a);
  --banner: light-dark(#fff3d1, #3a2f10);
  --on-banner: light-dark(#5c4300, #ffe29a);
  --bad: light-dark(#a3161f, #ff9d9d);
}
* { box-sizing: border-box; }
body {
  margin: 0;
  min-height: 100vh;
  background: var(--ground);
  color: var(--text);
  font: 1rem/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif;
}
header { background: var(--banner); color: var(--on-banner); padding: 0.5rem 1rem; text-align: center; font-size: 0.875rem; }
header p { margin: 0; }
header strong { margin-right: 0.5rem; }
main {
  max-width: 34rem;
  margin: clamp(0rem, 6vh, 4rem) auto 2rem;
  padding: 1.5rem clamp(1rem, 5vw, 2rem) 2rem;
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 0.75rem;
}
h1 { margin: 0 0 0.5rem; font-size: 1.375rem; line-height: 1.3; text-wrap: balance; }
main p { margin: 0 0 1rem; color: var(--soft); }
main > p:last-child { margin-bottom: 0; }
main p strong { color: var(--text); }
.wrap { overflow-wrap: anywhere; }
ul { list-style: none; margin: 0 0 1rem; padding: 0; display: grid; gap: 0.625rem; }
button, input { font: inherit; color: inherit; border-radius: 0.5rem; border: 1px solid var(--line); background: transparent; }
button { cursor: pointer; }
button:focus-visible, input:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.person { display: flex; gap: 0.875rem; width: 100%; padding: 0.75rem; text-align: left; }
.person:hover { border-color: var(--accent); }
.initial {
  flex: none;
  width: 2.5rem;
  height: 2.5rem;
  border-radius: 50%;
  display: grid;
  place-items: center;
  background: var(--accent);
  color: var(--on-accent);
  font-weight: 600;
}
.who { display: grid; min-width: 0; }
.names { display: flex; flex-wrap: wrap; align-items: baseline; column-gap: 0.625rem; }
.name { font-weight: 600; }
.who .wrap, .about { font-size: 0.875rem; color: var(--soft); }
.quiet, .next { padding: 0.5rem 1.25rem; }
.next { background: var(--accent); color: var(--on-accent); border-color: transparent; font-weight: 600; }
label { display: block; margin-bottom: 0.25rem; font-weight: 600; }
input[name="code"] {
  display: block;
  width: 100%;
  margin-bottom: 1rem;
  padding: 0.625rem 0.75rem;
  font: 1.25rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace;
  letter-spacing: 0.1em;
  text-transform: uppercase;
}
input[aria-invalid="true"] { border-color: var(--bad); }
main .problem { color: var(--bad); overflow-wrap: anywhere; }
@media (max-width: 34rem) {
  body { background: var(--card); }
  main { margin: 0; border: 0; border-radius: 0; }
}
`
