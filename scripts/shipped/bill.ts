/** The bill of materials of an installation, as JSON of CycloneDX 1.6. https://cyclonedx.org/docs/1.6/json/ */
import { Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library'
import { uuidOf } from '../stable-uuid.ts'
import type { Shipped } from './lockfile.ts'

/**
 * The same packages give the same text: it has no time, and its serial number is made from its content.
 * @param shipped of `shippedWith`: what the bill is of, then all that is installed with it, on whatever platform.
 */
export function billText(shipped: ReadonlyMap<string, Shipped>): string {
  const unnumbered = serialize(billOf(shipped))
  const bill = billOf(shipped)
  bill.serialNumber = `urn:uuid:${uuidOf(unnumbered)}`
  return `${serialize(bill)}\n`
}

function billOf(shipped: ReadonlyMap<string, Shipped>): Models.Bom {
  const components = new Map([...shipped].map(([key, one]) => [key, componentOf(one)]))
  for (const [key, component] of components) {
    for (const need of shipped.get(key)?.needs ?? []) {
      const needed = components.get(need)
      if (needed !== undefined) component.dependencies.add(needed.bomRef)
    }
  }
  const [own, ...others] = components.values()
  if (own === undefined) throw new Error('a bill of materials is of something')
  own.type = Enums.ComponentType.Application
  return new Models.Bom({
    metadata: new Models.Metadata({ component: own }),
    components: new Models.ComponentRepository(others),
  })
}

function componentOf({ name, version, licence, integrity, optional }: Shipped): Models.Component {
  const [group, bare] = name.startsWith('@') ? [name.split('/')[0], name.split('/')[1] ?? ''] : [undefined, name]
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
  return new Models.Component(Enums.ComponentType.Library, bare, {
    ...(group === undefined ? {} : { group }),
    ...(integrity === null ? {} : { hashes: new Models.HashDictionary([digestOf(integrity)]) }),
    bomRef: purl,
    purl,
    version,
    scope: optional ? Enums.ComponentScope.Optional : Enums.ComponentScope.Required,
    licenses: new Models.LicenseRepository([licenceOf(licence)]),
  })
}

function licenceOf(expression: string): Models.License {
  return expression.includes(' ') ? new Models.LicenseExpression(expression) : new Models.SpdxLicense(expression)
}

/** Of a package's archive. */
function digestOf(integrity: string): readonly [Enums.HashAlgorithm, string] {
  const digest = Buffer.from(integrity.replace(/^sha512-/, ''), 'base64')
  return [Enums.HashAlgorithm['SHA-512'], digest.toString('hex')]
}

function serialize(bill: Models.Bom): string {
  const normalizer = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6)
  return new Serialize.JsonSerializer(normalizer).serialize(bill, { sortLists: true, space: 2 })
}
