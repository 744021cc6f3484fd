import { isRecord, type JsonRecord, jsonText, listOf, textOf } from '../wire/json.ts'
import { countText } from './encodings.ts'
import { overheadsOf } from './overheads.ts'

/** Deepest level of parameters that is followed. Deeper ones are counted as their JSON text. */
const schemaDepthMax = 16

/**
 * Tokens of tool definitions. The service renders them in a form that is not published. OpenAI's cookbook ("How to
 * count tokens with tiktoken") gives these weights, which are exact for flat functions of strings. Nested objects and
 * arrays are counted with the same weights; expect a difference of a few tokens per level.
 */
export function toolsTokens(model: string, functions: readonly JsonRecord[]): number {
  if (functions.length === 0) return 0
  const { tools, perFunction } = overheadsOf(model)
  return functions.reduce((sum, tool) => sum + perFunction + functionTokens(model, tool), tools)
}

function functionTokens(model: string, tool: JsonRecord): number {
  const line = `${textOf(tool.name)}:${withoutStop(textOf(tool.description))}`
  return countText(model, line) + propertiesTokens(model, tool.parameters, 0)
}

function propertiesTokens(model: string, schema: unknown, depth: number): number {
  if (!isRecord(schema) || !isRecord(schema.properties)) return 0
  if (depth >= schemaDepthMax) return countText(model, jsonText(schema.properties))
  const properties = Object.entries(schema.properties)
  if (properties.length === 0) return 0
  return properties.reduce((sum, [name, property]) => sum + propertyTokens(model, name, property, depth), 3)
}

function propertyTokens(model: string, name: string, property: unknown, depth: number): number {
  if (!isRecord(property)) return 3 + countText(model, name)
  const line = `${name}:${textOf(property.type)}:${withoutStop(textOf(property.description))}`
  const choices = listOf(property.enum)
  const choiceTokens = choices.reduce<number>((sum, choice) => sum + 3 + countText(model, String(choice)), -3)
  const items = isRecord(property.items) ? property.items : null
  const within = propertiesTokens(model, property, depth + 1) + propertiesTokens(model, items, depth + 1)
  return 3 + countText(model, line) + (choices.length > 0 ? choiceTokens : 0) + within
}

function withoutStop(text: string): string {
  return text.endsWith('.') ? text.slice(0, -1) : text
}
