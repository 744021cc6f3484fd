/** The cost of function definitions in a prompt, by the weights that OpenAI publishes for them. */
import { isRecord, type JsonRecord, jsonText, listOf, textOf } from '../../json.ts'
import { familyOf } from './families.ts'
import { countText } from './tokenizer.ts'

const propertiesTokens = 3
const propertyTokens = 3
/** A list of values costs three less than three per value. */
const valueTokens = 3
/** Below this depth a schema is charged as its text. */
const depthMax = 16

/** `functions` have `name`, `description` and `parameters`. */
export function toolsTokens(model: string, functions: readonly JsonRecord[]): number {
  if (functions.length === 0) return 0
  const family = familyOf(model)
  const each = functions.map(({ name, description, parameters }) => {
    const line = countText(model, `${textOf(name)}:${sentence(description)}`)
    return family.functionTokens + line + schemaTokens(model, parameters, 0)
  })
  return family.toolsTokens + sum(each)
}

function schemaTokens(model: string, schema: unknown, depth: number): number {
  if (!isRecord(schema) || !isRecord(schema.properties)) return 0
  if (depth === depthMax) return countText(model, jsonText(schema.properties))
  const each = Object.entries(schema.properties).map(([name, property]) => {
    const { type, description, enum: values, items } = isRecord(property) ? property : {}
    const line = isRecord(property) ? `${name}:${textOf(type)}:${sentence(description)}` : name
    const listed = listOf(values).map(value => valueTokens + countText(model, String(value)))
    const inner = schemaTokens(model, property, depth + 1) + schemaTokens(model, items, depth + 1)
    return propertyTokens + countText(model, line) + (listed.length > 0 ? sum(listed) - valueTokens : 0) + inner
  })
  return each.length === 0 ? 0 : propertiesTokens + sum(each)
}

/** Descriptions are counted without their full stop. */
const sentence = (text: unknown): string => textOf(text).replace(/\.$/, '')

const sum = (figures: readonly number[]): number => figures.reduce((total, figure) => total + figure, 0)
