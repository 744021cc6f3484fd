const pieces = [
  'a',
  'A',
  ' ',
  '"',
  '1',
  '-',
  '(',
  '\n',
  '```',
  '1+',
  '(1',
  'a.',
  'x@',
  'a@a-',
  "'a ",
  'Aa ',
  'Aa, ',
  'in Aa, ',
  'keys a ',
  'with "a", ',
  'write an email to ',
]

/** Questions of 200,000 letters, each one piece repeated: patterns with quadratic search need minutes for them. */
export const oddQuestions: readonly string[] = pieces.map(piece => piece.repeat(200_000 / piece.length))
