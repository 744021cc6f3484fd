import { isRecord, type JsonRecord, listOf, textOf } from '../../json.ts'
import { factsOf } from './facts.ts'
import { fillerOf } from './json.ts'
import { clipped, lastQuestion, type Turn } from './turns.ts'
import { contentWords, stem, wordsOf } from './words.ts'

export interface ToolAsk {
  readonly messages: readonly Turn[]
  /** `tools` of the body, of chat or of Responses. */
  readonly tools: readonly unknown[]
  /** `tool_choice` of the body; undefined and null are `auto`. */
  readonly toolChoice?: unknown
  readonly seed: number
  /** `parallel_tool_calls`; default true. */
  readonly parallel?: boolean
}

export interface ToolCall {
  readonly name: string
  /** JSON text that fits the tool's parameters. */
  readonly arguments: string
}

interface Tool {
  readonly name: string
  readonly description: string
  readonly parameters: JsonRecord
}

const callsMax = 5
/** Parameters that take one value, while the question may name several. */
const severals: readonly (readonly [RegExp, (question: string) => readonly string[]])[] = [
  [/^(city|town|location|place|destination|country)$/i, question => factsOf(question).places],
  [/^(e-?mail|recipient|address)$/i, question => factsOf(question).emails],
  [/^(name|person|employee|user|customer|guest)$/i, question => factsOf(question).names],
  [/(?:)/, listed],
]
/** Words that people use instead of the tool's own word. */
const relatives: Readonly<Record<string, readonly string[]>> = {
  weather: ['rain', 'sunny', 'temperature', 'forecast', 'umbrella', 'cold', 'warm'],
  search: ['find', 'look', 'who', 'expert', 'lookup'],
  calendar: ['meeting', 'appointment', 'schedule', 'book'],
  email: ['mail', 'send', 'message'],
  stock: ['share', 'price', 'ticker'],
  calculate: ['sum', 'plus', 'times', 'multiply', 'compute'],
  leave: ['vacation', 'holiday', 'absence'],
}

/**
 * The calls that a model would make. Null when it would answer instead: there are no tools, `tool_choice` is `none`, a
 * result has just come, or no tool's words fit the question. `required` and a named function always call. One call for
 * each place, name, ... if a tool takes one and the question has several.
 */
export function chooseToolCall(ask: ToolAsk): ToolCall[] | null {
  const tools = ask.tools.flatMap(toolOf)
  const { toolChoice } = ask
  if (tools.length === 0 || toolChoice === 'none') return null
  const named = isRecord(toolChoice)
    ? textOf(isRecord(toolChoice.function) ? toolChoice.function.name : toolChoice.name)
    : ''
  const wanted = tools.find(tool => tool.name === named)
  if (wanted !== undefined) return calls(wanted, ask)
  const isForced = toolChoice === 'required'
  const last = ask.messages.at(-1)?.role
  if (!isForced && (last === 'tool' || last === 'function')) return null
  const question = lastQuestion(clipped(ask.messages))
  const ranked = tools
    .map(tool => ({ tool, score: score(tool, question) }))
    .sort((left, right) => right.score - left.score)
  const [best] = ranked
  if (best === undefined || (!isForced && best.score < 2)) return null
  return calls(best.tool, ask)
}

function toolOf(value: unknown): Tool[] {
  if (!isRecord(value)) return []
  const source = isRecord(value.function) ? value.function : value
  const name = textOf(source.name)
  if (name === '') return []
  return [
    { name, description: textOf(source.description), parameters: isRecord(source.parameters) ? source.parameters : {} },
  ]
}

/**
 * A word of the name counts two, one of description, parameters and choices one; a related word counts like one of the
 * name.
 */
function score(tool: Tool, question: string): number {
  const stems = new Set(contentWords(question).map(stem))
  const nameStems = [...new Set(spelled(tool.name).map(stem))].filter(
    word => !['get', 'set', 'fetch', 'do', 'run'].includes(word),
  )
  const related = Object.entries(relatives).some(([word, others]) => {
    return nameStems.includes(stem(word)) && others.some(other => stems.has(stem(other)))
  })
  const properties = isRecord(tool.parameters.properties) ? tool.parameters.properties : {}
  const choices = Object.values(properties).flatMap(property => (isRecord(property) ? listOf(property.enum) : []))
  const around = new Set(
    [tool.description, ...Object.keys(properties), ...choices.map(String)].flatMap(spelled).map(stem),
  )
  const inName = nameStems.filter(word => stems.has(word)).length
  const inRest = [...stems].filter(word => around.has(word) && !nameStems.includes(word)).length
  return 2 * inName + (related ? 2 : 0) + inRest
}

function spelled(text: string): string[] {
  return contentWords(wordsOf(text.replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2').replace(/[_.-]+/g, ' ')).join(' '))
}

function calls(tool: Tool, ask: ToolAsk): ToolCall[] {
  const properties = isRecord(tool.parameters.properties) ? tool.parameters.properties : {}
  const question = lastQuestion(clipped(ask.messages))
  const [key, values] = severalOf(properties, question)
  const filled = fillerOf({ messages: ask.messages, schema: tool.parameters, seed: ask.seed }).fill({
    type: 'object',
    ...tool.parameters,
  })
  if (values.length < 2 || ask.parallel === false || !isRecord(filled)) {
    return [{ name: tool.name, arguments: JSON.stringify(filled) }]
  }
  return values.slice(0, callsMax).map(value => ({
    name: tool.name,
    arguments: JSON.stringify({ ...filled, [key]: value }),
  }))
}

/**
 * The parameter for which the question has several values: by its name, or whatever its name is when it is the only
 * one.
 */
function severalOf(properties: JsonRecord, question: string): readonly [key: string, values: readonly string[]] {
  const texts = Object.keys(properties).filter(key => isPlainText(properties[key]))
  const isOnly = Object.keys(properties).length === 1
  for (const [names, valuesIn] of severals) {
    const key = texts.find(each => names.test(each) && (isOnly || names.source !== '(?:)'))
    const values = key === undefined ? [] : valuesIn(question)
    if (key !== undefined && values.length > 1) return [key, values]
  }
  return ['', []]
}

/** Single words after a colon, separated by commas: `these passwords: mellon,radiance`. */
function listed(question: string): readonly string[] {
  const [, list = ''] = /:\s*([\p{L}\d_-]+(?:\s*,\s*(?:and\s+)?[\p{L}\d_-]+)+)\s*[.?!]?\s*$/u.exec(question) ?? []
  return list.split(/\s*,\s*(?:and\s+)?/).filter(word => word !== '')
}

/** A text that any place fits. */
function isPlainText(property: unknown): boolean {
  return (
    isRecord(property) &&
    property.type === 'string' &&
    Object.keys(property).every(key => /^(?:type|title|description)$/.test(key))
  )
}
