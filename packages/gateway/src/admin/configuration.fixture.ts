/** A configuration that a test decides, for tests of the management API and its clients. */

import type { Configuration, ConfigurationReport, VersionText } from '../config/in-force/index.ts'
import { parseConfig } from '../config/load.ts'
import type { Config } from '../config/schema/index.ts'

const hash = '0123456789abcdef0123456789abcdef'
const text = 'admin: { applyConfiguration: true }\n'

const version: VersionText = {
  ...{ id: 1, hash, takenAtMs: Date.UTC(2026, 10, 23, 11), how: 'start', by: null, name: null, text },
}

const report: ConfigurationReport = {
  inForce: {
    ...{ hash, version: 1, takenAtMs: version.takenAtMs, how: 'start', by: null, name: null, text },
    values: [
      { path: 'admin.applyConfiguration', value: 'true', source: 'file', from: null, line: 1, needsRestart: false },
    ],
    waitForRestart: [],
  },
  file: { path: '/etc/gatehouse/gatehouse.yaml', state: 'in_force', hash, text, problems: [] },
  apply: 'allowed',
}

/** @param roles what every text gives that is to be applied. */
export const testConfiguration = (roles: Config['admin']['roles']): Configuration => ({
  report: async () => report,
  read: text => parseConfig(text, { path: report.file.path, env: {}, readFile: async () => '' }),
  check: async () => ({ problems: [], problemCount: 0, warnings: [], unchecked: [], waitForRestart: [] }),
  history: async () => [version].map(({ text: _, ...rest }) => rest),
  version: async id => (id === version.id ? version : null),
  prepare: async () => ({ roles, from: hash, to: hash, commit: async () => ({ hash, waitForRestart: [] }) }),
})
