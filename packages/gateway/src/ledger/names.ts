/**
 * Names that always have a number of their own in the store, by dictionary: those of the configuration. Reports, budgets after a restart and
 * owners of objects depend on them, so no crowd of other names may leave them without.
 */
export type LedgerNames = Readonly<
  Partial<Record<'workload' | 'target' | 'instance' | 'region' | 'deployment' | 'model', readonly string[]>>
>
