export const markdown = {
  image: (address: string) => `[image, not loaded: ${address}]`,
  leadsTo: 'This link was part of the text. It leads to',
  notWeb: 'This link was part of the text. It is not an address of the web, so it is not followed:',
  open: 'Open it in a new tab',
} as const
