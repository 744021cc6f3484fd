export const markdown = {
  image: (address: string) => `[image, not loaded: ${address}]`,
  leadsTo: 'Somebody wrote this link. It leads to',
  notWeb: 'Somebody wrote this link. It is not an address of the web, so it is not followed:',
  open: 'Open it in a new tab',
} as const
