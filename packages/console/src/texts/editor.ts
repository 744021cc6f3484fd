export const editor = {
  keys: 'Tab indents. Escape, then Tab leaves the editor. Ctrl Space offers what fits, Ctrl F searches.',
  keysWithSubmit:
    'Ctrl Enter runs or checks it. Tab indents. Escape, then Tab leaves the editor. Ctrl Space offers what fits, Ctrl F searches.',
  /** Words of the library, by its own. */
  phrases: { '$ unchanged lines': '$ equal lines' },
} as const
