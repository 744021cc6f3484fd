import { type CodeRow, codeRows } from './data/code.ts'
import type { Intent } from './scene.ts'
import { contentWords, topicPhrase } from './words.ts'

type CodeLanguage = 'python' | 'typescript' | 'csharp'

const languageWords: readonly (readonly [RegExp, CodeLanguage])[] = [
  [/\b(?:typescript|javascript|node(?:\.?js)?|ts|js)\b/i, 'typescript'],
  [/\bc#|\bcsharp\b|\.net\b/i, 'csharp'],
  [/\bpython\b/i, 'python'],
]

/** Languages that are known by name only: the steps are shown in Python. */
const otherLanguages = /\b(java|go|golang|rust|kotlin|swift|ruby|php|scala|c\+\+)(?![\w#])/i

/** Code that is handed over is explained or reviewed; code that is asked for is written. */
export const codingAnswer: Intent = scene => {
  const { asked } = scene
  const [, , handed] = /```(\w*)\n?([\s\S]*?)(?:```|$)/.exec(asked) ?? []
  const looksLikeCode =
    handed ?? (/(?:=>|;\s*$|\{\s*$|^\s*(?:def|function|const|public|import)\s)/m.test(asked) ? asked : undefined)
  if (looksLikeCode !== undefined && contentWords(looksLikeCode).length > 1) return review(scene, looksLikeCode)
  const isAsked = /\b(?:write|implement|code|create|show|give|generate|how (?:do|can|would) (?:i|you|we))\b/i.test(
    asked,
  )
  const isCode =
    /\b(?:functions?|code|scripts?|program|methods?|class|snippet|algorithm|python|typescript|javascript|java|golang|rust|csharp)\b|\bc#|\bc\+\+|\bin (?:go|swift|ruby|php|scala|kotlin)\b/i.test(
      asked,
    )
  if (!isCode) return null
  const row = codeRows.find(({ words }) => words.test(asked))
  if (row === undefined) return isAsked ? sketch(scene) : null
  return written(scene, row)
}

const written = ({ asked, luck }: Parameters<Intent>[0], row: CodeRow): string => {
  const language = languageWords.find(([words]) => words.test(asked))?.[1] ?? 'python'
  const other = language === 'python' ? otherLanguages.exec(asked)?.[1] : undefined
  const opening = luck.pick([`This ${row.title}:`, `Here is a function that ${row.title}:`])
  const port =
    other === undefined
      ? ''
      : ` The steps are the same in ${other}; I have shown them in Python, where they are shortest.`
  const ending = luck.pick([
    'Try it with an empty input and with one element, too.',
    'Shall I add tests for the edge cases?',
    '',
  ])
  return `${opening}\n\n\`\`\`${language}\n${row[language]}\n\`\`\`\n\n${`${row.says}${port} ${ending}`.trim()}`
}

/** A task without a row: a function that names the task's own steps, with the decisions that it leaves open. */
function sketch({ asked, luck }: Parameters<Intent>[0]): string {
  const task = topicPhrase(
    asked.replace(
      /\b(?:write|implement|create|code|function|script|program|method|in|python|typescript|javascript|java|c#)\b/gi,
      ' ',
    ),
  )
  const words = contentWords(task)
    .filter(word => /^[a-z][\w-]*$/i.test(word))
    .slice(0, 3)
    .map(word => word.toLowerCase().replace(/\W/g, '_'))
  const name = words.length > 0 ? words.join('_') : 'process_items'
  const subject = words.at(-1) ?? 'items'
  return [
    `For ${task}, I would begin with a function that does one thing and can be tested alone:`,
    '',
    '```python',
    `def ${name}(source):`,
    `    """${task[0]?.toUpperCase() ?? ''}${task.slice(1)}: returns what was found, in the order of the source."""`,
    '    found = []',
    '    for item in source:',
    `        if item and item not in found:`,
    '            found.append(item)',
    '    return found',
    '```',
    '',
    `${otherLanguages.test(asked) ? `It is shown in Python; in ${otherLanguages.exec(asked)?.[1]} the same steps apply. ` : ''}It passes over empty entries and repeats. ${luck.pick([`What counts as a valid ${subject} is decided in the one condition, so put your rule there.`, `Decide next what should happen when ${subject} is missing: an error, or an empty result.`])}`,
  ].join('\n')
}

function review({ asked, luck }: Parameters<Intent>[0], code: string): string {
  const lines = code.split('\n').filter(line => line.trim() !== '')
  const [, name] = /\b(?:def|function|func|fn|class|void|int|string|async)\s+([A-Za-z_]\w*)/.exec(code) ?? []
  const [, parameters] = /\(([^()]{1,120})\)/.exec(code) ?? []
  const remarks = [
    /\bfor\b|\bwhile\b|\.map\(|\.forEach\(/.test(code)
      ? 'It goes through its input in a loop, so its time grows with the input’s length.'
      : 'It has no loop, so its time hardly depends on the input.',
    /\bexcept\s*:|catch\s*(?:\([^)]*\))?\s*\{\s*\}/.test(code)
      ? 'It swallows errors without a trace; catch the ones you expect and let the others through.'
      : null,
    /\b(?:select|insert|update|delete)\b[^;]*["'`]\s*\+|f["'](?:select|insert|update)/i.test(code)
      ? 'It puts values into SQL text; use parameters instead, or somebody will inject their own.'
      : null,
    /\bvar\b/.test(code) ? 'Prefer const or let to var, so that names end with their block.' : null,
    /==(?!=)/.test(code) && /\b(?:const|let|function)\b/.test(code)
      ? 'Compare with === to avoid silent conversions.'
      : null,
    /\b(?:if|try|catch|raise|throw)\b/.test(code)
      ? 'Cases out of the ordinary are handled, which a test should pin down.'
      : 'Nothing checks the input: decide what an empty or missing value should give.',
    /\breturn\b/.test(code)
      ? 'The result is returned rather than printed, which makes it easy to test.'
      : 'It returns nothing; a return value would make it easier to test.',
  ].filter(remark => remark !== null)
  const head = name ? `\`${name}\`` : 'This piece of code'
  const takes = parameters ? ` takes ${parameters.trim()} and` : ''
  const verb = /\b(?:review|improve|wrong|bug|fix|check)\b/i.test(asked) ? 'My notes:' : 'What happens in it:'
  return `${head}${takes} spans ${lines.length} line${lines.length === 1 ? '' : 's'}. ${verb} ${remarks.slice(0, 4).join(' ')} ${luck.pick(['Shall I rewrite it that way?', 'I would add a test for each of these points.'])}`
}
