export const table = {
  orderBy: (title: string) => `Order by ${title}`,
} as const
