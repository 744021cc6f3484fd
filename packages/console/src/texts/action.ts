export const action = {
  cancel: 'Cancel',
} as const
