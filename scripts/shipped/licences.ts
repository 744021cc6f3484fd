/** Which licences packages may have: the table in docs/dependencies.md has the reasons. */

/** SPDX ids of licences under which a package may be shipped. */
export const shippedLicences: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'MPL-2.0',
])

/** Those of programs that are used for development alone. */
export const developmentLicences: ReadonlySet<string> = new Set([
  ...shippedLicences,
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Python-2.0',
  'Unlicense',
])

/**
 * True when one alternative of an SPDX expression is allowed. Everything but a list of ids with OR is refused: nothing
 * here has it, and a person should look at it.
 */
export function isAllowed(expression: string, allowed: ReadonlySet<string>): boolean {
  const alternatives = expression.replace(/^\((.*)\)$/, '$1').split(' OR ')
  return alternatives.some(id => allowed.has(id)) && alternatives.every(id => /^[\w.-]+$/.test(id))
}
