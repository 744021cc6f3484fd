export const table = {
  orderByShort: 'Order by',
  orderBy: (title: string) => `Order by ${title}`,
} as const
