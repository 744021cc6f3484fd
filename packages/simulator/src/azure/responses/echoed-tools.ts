/** Tools as the response object shows them: with the defaults that the service fills in. */
import { isRecord, type JsonRecord, listOf } from '../../json.ts'

const pictureDefaults = {
  background: 'auto',
  moderation: 'auto',
  n: 1,
  output_compression: 100,
  output_format: 'png',
  quality: 'auto',
  size: 'auto',
}

export function echoedTools(tools: unknown): JsonRecord[] {
  return listOf(tools).filter(isRecord).map(echoed)
}

function echoed(tool: JsonRecord): JsonRecord {
  switch (tool.type) {
    case 'function':
      return echoedFunction(tool)
    case 'image_generation':
      return { type: tool.type, ...pictureDefaults, ...tool }
    case 'code_interpreter':
      return typeof tool.container === 'string' ? tool : { ...tool, container: echoedContainer(tool.container) }
    default:
      return tool
  }
}

function echoedContainer(container: unknown): JsonRecord {
  return { type: 'auto', ...(isRecord(container) ? container : {}) }
}

/**
 * A function is strict unless its caller says otherwise, and a strict schema is closed: it has no other and no optional
 * properties.
 */
function echoedFunction(tool: JsonRecord): JsonRecord {
  const { type, name, description, parameters, strict, ...rest } = tool
  const isStrict = strict !== false
  return {
    type,
    description: description ?? null,
    name,
    parameters: isStrict ? closed(parameters) : (parameters ?? null),
    strict: isStrict,
    ...rest,
  }
}

/** The schema, with every object in it closed. */
export function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (!isRecord(schema)) return schema ?? null
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, inside(key, value)]))
  if (!isRecord(inner.properties)) {
    return inner.type === 'object' ? { ...inner, properties: {}, required: [], additionalProperties: false } : inner
  }
  return { ...inner, required: Object.keys(inner.properties), additionalProperties: false }
}

/** Members of a schema that hold schemas. */
function inside(key: string, value: unknown): unknown {
  if (key === 'properties' || key === '$defs' || key === 'definitions') {
    return isRecord(value)
      ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, closed(each)]))
      : value
  }
  return key === 'items' || key === 'anyOf' || key === 'allOf' || key === 'oneOf' ? closed(value) : value
}
