/** Texts of a call that is shown as a program. */
export const snippet = { copy: 'Copy', copied: 'Copied' } as const
