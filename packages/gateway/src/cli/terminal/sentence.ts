/** Help texts in one style: each begins with a capital letter and ends with a full stop. */

/** `only this workload` -> `Only this workload.`; a name of an option, variable or file at the start stays as it is. */
export function sentence(text: string): string {
  if (text === '') return text
  const begun = /^[a-z]+(?:-[a-z]+)*(?=[\s,:;'’]|\.?$|\.\s)/.test(text)
    ? text.charAt(0).toUpperCase() + text.slice(1)
    : text
  return /[.!?:…]$/.test(begun) ? begun : `${begun}.`
}
