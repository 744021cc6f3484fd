/** Help texts in one style: each begins with a capital letter and ends with a full stop. */

/** `only this workload` -> `Only this workload.`; names of options, variables and files at the start stay as they are. */
export function sentence(text: string): string {
  if (text === '') return text
  const begun = /^[a-z]+(?:-[a-z]+)*(?=[\s,:;.'’]|$)/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text
  return /[.!?:…]$/.test(begun) ? begun : `${begun}.`
}
