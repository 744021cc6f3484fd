export const attention = {
  nothing: 'Nothing needs attention now.',
  title: 'Needs attention',
  severities: { critical: '▲ Now', warning: '◆ Soon', note: '● Note' },
  more: (count: number) => `Show ${count} more`,
} as const
