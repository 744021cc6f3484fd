/** The parts of JSON Schema that the configuration's schema uses. */
export interface SchemaView {
  readonly type?: string
  /** Name of the kind of value, as GUID or duration. */
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, SchemaView>>
  readonly required?: readonly string[]
  readonly additionalProperties?: SchemaView | false
  readonly propertyNames?: SchemaView
  readonly items?: SchemaView
  readonly anyOf?: readonly SchemaView[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly pattern?: string
  readonly format?: string
  /** True for a secret: what is written there is never given out. */
  readonly writeOnly?: boolean
  /** Bounds of a duration, as `1s .. 5m`. */
  readonly range?: string
  /** Values that fit, the most usual first. */
  readonly examples?: readonly unknown[]
}
