export const chart = {
  asTable: 'show as table',
  asChart: 'show as chart',
  time: 'Time',
  noValues: (label: string) => `${label}: no values.`,
  summary: (label: string, most: string, last: string) => `${label}: at most ${most}, last ${last}.`,
  tableHint: 'The button beside the title shows the figures as a table.',
} as const
