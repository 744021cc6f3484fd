import { allowedFunctions } from './allowed.ts'
import { bodiesTable, type QueryTable, recordsTable } from './columns.ts'

const withoutSql = ({ name, description, columns }: QueryTable) => ({
  ...{ name, description },
  columns: columns.map(({ sql: _, values, ...column }) => ({ ...column, values: [...values] })),
})

/** What queries can name. */
export const querySchema = {
  tables: [recordsTable, bodiesTable].map(withoutSql),
  functions: [...allowedFunctions].filter(name => /^[a-z]/.test(name)).sort(),
}
