/**
 * Names of the configuration, by dictionary. They always have a number of their own in the store: reports, budgets
 * after a restart and owners of objects depend on it, so a large number of other names must not take their room.
 */
export type LedgerNames = Readonly<
  Partial<Record<'workload' | 'target' | 'instance' | 'region' | 'deployment' | 'model', readonly string[]>>
>
