import { type CodeRow, codeRows, skeletons } from './data/index.ts'
import { type CodeLanguage, codeLanguages } from './data/languages.ts'
import type { Intent, Scene } from './scene.ts'
import { topicFor } from './topics.ts'
import { towardsYou } from './unknown.ts'
import { capitalised, contentWords, sentencesOf } from './words.ts'

const languageWords: readonly (readonly [RegExp, CodeLanguage])[] = [
  [/\b(?:typescript|ts)\b/i, 'typescript'],
  [/\b(?:javascript|node(?:\.?js)?|js)\b/i, 'javascript'],
  [/\bc#|\bcsharp\b|\.net\b/i, 'csharp'],
  [/\b(?:golang|in go|go (?:function|program|code|method))\b/i, 'go'],
  [/\bpython\b/i, 'python'],
  [/\b(?:sql|postgres(?:ql)?|mysql|t-sql)\b/i, 'sql'],
]

/** Signs of a language in code that is in the message. */
const languageSigns: readonly (readonly [RegExp, CodeLanguage])[] = [
  [/\b(?:const|let) \w+: |\binterface \w+ \{/, 'typescript'],
  [/\bawait fetch\(|=>|\bconst \w+ =|console\.log/, 'javascript'],
  [/\bdef \w+\(|\bimport \w+$|requests\.get/m, 'python'],
  [/\bfunc \w+\(|:= /, 'go'],
  [/\bpublic \w+ \w+\(|\bnew HttpClient/, 'csharp'],
]

const names: Readonly<Record<CodeLanguage, string>> = {
  typescript: 'TypeScript',
  javascript: 'JavaScript',
  python: 'Python',
  csharp: 'C#',
  go: 'Go',
  sql: 'SQL',
}

/** Languages that are known by name only. */
const otherLanguages = /\b(java|rust|kotlin|swift|ruby|php|scala|bash|powershell|c\+\+)(?![\w#])/i

/** Code in the message is explained or reviewed; code that the question wants is written. */
export const codingAnswer: Intent = scene => {
  const { question } = scene
  const statement = /\b(?:select\s[\s\S]+?\sfrom|insert into|update \w+ set|delete from)\s[\s\S]+/i.exec(question)?.[0]
  if (statement !== undefined && /\b(?:review|check|wrong|problem|improve|explain|safe)\b/i.test(question))
    return reviewedSql(statement, scene)
  const [, , fenced] = /```(\w*)\n?([\s\S]*?)(?:```|$)/.exec(question) ?? []
  const looksLikeCode =
    fenced ?? (/(?:;\s*$|\{\s*$|^\s*(?:def|function|const|public|import)\s)/m.test(question) ? question : undefined)
  const rewrites = /\b(?:turn|rewrite|convert|refactor|wrap|add)\b/i.test(question)
  if (looksLikeCode !== undefined && !rewrites && contentWords(looksLikeCode).length > 1)
    return review(scene, looksLikeCode)
  if (!asksForCode(question, rewrites)) return null
  const row = codeRows.find(({ words }) => words.test(question))
  if (row !== undefined) return written(scene, row)
  return topicFor(question) === null ? sketch(scene) : null
}

const explains =
  /^(?:please |can you )?(?:explain|describe|why|what(?:['’]s)? (?:is|are|does|do)\b|what['’]s|tell me about|compare|which|when|should|who|find (?:somebody|someone))/i
const wantsWriting =
  /\b(?:write|implement|code|create|build|show|give|generate|turn|convert|wrap|regex|regular expression|how (?:do|can|would|to)(?: (?:i|you|we))?)\b/i
const namesCode =
  /\b(?:functions?|code|scripts?|program|methods?|class|snippet|algorithm|regex|regular expression|unit tests?|query|python|typescript|javascript|java|golang|rust|csharp|sql|kotlin|node(?:\.?js)?|debounce|retry|await)\b|\bc#|\bc\+\+|\bin (?:go|swift|ruby|php|scala)\b/i

function asksForCode(question: string, rewrites: boolean): boolean {
  if (explains.test(question) || /\b(?:expert|colleague|essay|mail|email|letter|poem)\b/i.test(question)) return false
  // "python sort list", as people type it into a search box.
  const isTerse = contentWords(question).length <= 4 && !question.includes('?')
  return namesCode.test(question) && (wantsWriting.test(question) || rewrites || isTerse)
}

/**
 * The language that the question names, or that its code has, or that the conversation had before; else Python, or SQL
 * if only that fits.
 */
function languageOf({ question, instructions, messages }: Scene, row: CodeRow | null): CodeLanguage {
  const found =
    languageWords.find(([words]) => words.test(question))?.[1] ??
    languageSigns.find(([signs]) => signs.test(question))?.[1]
  if (found !== undefined) return found
  const earlier = [
    instructions,
    ...messages
      .slice(0, -1)
      .filter(turn => turn.role === 'user')
      .map(turn => turn.text),
  ].join('\n')
  const before = languageWords.find(([words]) => words.test(earlier))?.[1]
  if (before !== undefined && (row === null || row.code[before] !== undefined)) return before
  return row === null || row.code.python !== undefined ? 'python' : 'sql'
}

function written(scene: Scene, row: CodeRow): string {
  const { question, luck } = scene
  const wanted = languageOf(scene, row)
  const language = row.code[wanted] === undefined ? codeLanguages.find(one => row.code[one] !== undefined) : wanted
  const other = languageWords.some(([words]) => words.test(question)) ? undefined : otherLanguages.exec(question)?.[1]
  const port =
    other !== undefined
      ? ` I have written it in ${names[language ?? wanted]}, which I am sure of; in ${other} the steps are the same.`
      : language !== wanted
        ? ` It is shown in ${names[language ?? wanted]}, since ${names[wanted]} has no good form for it.`
        : ''
  const code = row.code[language ?? wanted] ?? ''
  const kind = wanted === 'sql' ? 'a statement' : 'a piece of code'
  const opening = luck.pick([
    `This ${row.title}:`,
    `Here is ${kind} that ${row.title}:`,
    `In ${names[language ?? wanted]}, this ${row.title}:`,
  ])
  const ending = luck.pick([
    'If your input looks different, show me an example and I will adapt it.',
    'Shall I add tests for the edge cases?',
    '',
  ])
  return `${opening}\n\n\`\`\`${language ?? wanted}\n${code}\n\`\`\`\n\n${`${language === 'sql' ? (row.saysOfSql ?? row.says) : row.says}${port} ${ending}`.trim()}`
}

/** For a task without a row: a frame that runs, and the one decision that is missing. */
function sketch(scene: Scene): string {
  const { question, luck } = scene
  const language = languageOf(scene, null)
  const [first = question] = sentencesOf(question)
  const task = towardsYou(
    first
      .replace(/^(?:please |can you |could you )*/i, '')
      .replace(/^(?:write|implement|create|build|show|give|generate|code)(?: me| us)?\s+/i, '')
      .replace(/[.?!]$/, ''),
  )
  const other = languageWords.some(([words]) => words.test(question)) ? undefined : otherLanguages.exec(question)?.[1]
  return [
    `${capitalised(task.slice(0, 120))}: this is the frame I would start from. It reads its input, refuses what is empty and keeps the actual rule in one function, so that it can be tested alone.`,
    '',
    `\`\`\`${language}`,
    skeletons[language],
    '```',
    '',
    `${other === undefined ? '' : `I have written it in ${names[language]}; in ${other} the parts are the same. `}${luck.pick(['To fill in the rule I need one example: an input and the result you expect for it.', 'What does one input look like, and what should come out? With such a pair I can write the rule.'])}`,
  ].join('\n')
}

/** The mistakes that are visible in a statement, and a better form of it. */
function reviewedSql(statement: string, { luck }: Scene): string {
  const remarks = [
    /\bor\s+(\d+)\s*=\s*\1\b|\bor\s+true\b/i.test(statement)
      ? 'The condition “or 1 = 1” is always true, so the filter has no effect and every row comes back. If it came in through user input, this is an SQL injection.'
      : null,
    /select\s+\*/i.test(statement)
      ? 'select * reads columns that nobody needs and breaks callers when the table changes; name the columns.'
      : null,
    /\blike\s+'%/i.test(statement) ? 'A pattern that begins with % cannot use an ordinary index.' : null,
    /^(?:update|delete)/i.test(statement) && !/\bwhere\b/i.test(statement)
      ? 'There is no WHERE, so every row of the table is changed.'
      : null,
    /^select/i.test(statement) && !/\b(?:limit|top|fetch first)\b/i.test(statement)
      ? 'There is no limit, so the result grows with the table.'
      : null,
    /=\s*(?:\d+|'[^']*')/.test(statement) ? 'Pass values as parameters instead of writing them into the text.' : null,
  ].filter(remark => remark !== null)
  const [, table = 'orders'] = /\b(?:from|into|update)\s+(\w+)/i.exec(statement) ?? []
  const [, column = 'id'] = /\bwhere\s+(\w+)/i.exec(statement) ?? []
  const corrected = `SELECT id, ${column === 'id' ? 'name' : column}, created_at\nFROM ${table}\nWHERE ${column} = $1\nORDER BY created_at DESC\nLIMIT 100;`
  const list = remarks.map((remark, at) => `${at + 1}. ${remark}`).join('\n')
  const ending = luck.pick([
    `An index on ${table} (${column}, created_at) then serves both the filter and the order.`,
    `Check with EXPLAIN that an index on ${table} (${column}) is used.`,
  ])
  return /^select/i.test(statement)
    ? `${list}\n\nI would write it like this:\n\n\`\`\`sql\n${corrected}\n\`\`\`\n\n${ending}`
    : list
}

function review({ question, luck }: Parameters<Intent>[0], code: string): string {
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
  const verb = /\b(?:review|improve|wrong|bug|fix|check)\b/i.test(question) ? 'My notes:' : 'What happens in it:'
  return `${head}${takes} spans ${lines.length} line${lines.length === 1 ? '' : 's'}. ${verb} ${remarks.slice(0, 4).join(' ')} ${luck.pick(['Shall I rewrite it that way?', 'I would add a test for each of these points.'])}`
}
