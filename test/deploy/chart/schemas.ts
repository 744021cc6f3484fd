/**
 * Manifests against the published JSON Schemas of Kubernetes (`kubernetes.json`, from `scripts/kubernetes-schema.ts`),
 * and those for the Prometheus Operator against what the chart uses of its API.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { z } from 'zod'
import type { Manifest } from './manifests.ts'

interface Published {
  readonly version: string
  readonly kinds: Readonly<Record<string, object>>
  readonly $defs: object
}

const published: Published = JSON.parse(readFileSync(join(import.meta.dirname, 'kubernetes.json'), 'utf8'))
// Kubernetes has keywords and formats of its own, which say nothing about what is valid JSON for it.
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
const compiled = new Map<string, ValidateFunction>()

/** Version of Kubernetes whose schemas these are. */
export const schemaVersion = published.version

const labels = z.record(z.string(), z.string())
const metadata = z.strictObject({ name: z.string(), labels })
const operator = 'monitoring.coreos.com/v1'

/** Of the Prometheus Operator, whose schemas no package here has: what the chart uses of them. */
const ofOperator: Readonly<Record<string, z.ZodType>> = {
  [`${operator} ServiceMonitor`]: z.strictObject({
    ...{ apiVersion: z.literal(operator), kind: z.literal('ServiceMonitor'), metadata },
    spec: z.strictObject({
      jobLabel: z.string(),
      selector: z.strictObject({ matchLabels: labels }),
      endpoints: z.array(
        z.strictObject({
          ...{ port: z.string(), path: z.string().startsWith('/'), interval: z.string().regex(/^\d+[sm]$/) },
          authorization: z
            .strictObject({
              type: z.literal('Bearer'),
              credentials: z.strictObject({ name: z.string(), key: z.string() }),
            })
            .optional(),
        }),
      ),
    }),
  }),
  // Its groups are the file of Prometheus' rules, which promtool checks.
  [`${operator} PrometheusRule`]: z.strictObject({
    ...{ apiVersion: z.literal(operator), kind: z.literal('PrometheusRule'), metadata },
    spec: z.strictObject({ groups: z.array(z.strictObject({ name: z.string(), rules: z.array(z.unknown()) })) }),
  }),
}

const vault = 'secrets-store.csi.x-k8s.io/v1'

/** Of the Secrets Store CSI driver, with Azure's provider: what the chart uses. */
const ofDriver: Readonly<Record<string, z.ZodType>> = {
  [`${vault} SecretProviderClass`]: z.strictObject({
    ...{ apiVersion: z.literal(vault), kind: z.literal('SecretProviderClass'), metadata },
    spec: z.strictObject({
      provider: z.literal('azure'),
      parameters: z.strictObject({
        ...{ clientID: z.guid(), tenantId: z.guid(), keyvaultName: z.string().regex(/^[A-Za-z][A-Za-z0-9-]{2,23}$/) },
        objects: z.string().startsWith('array:\n'),
      }),
    }),
  }),
}

/** @returns a line for each field that its schema does not allow. */
export function wrongFields(manifest: Manifest): readonly string[] {
  const kind = `${manifest.apiVersion} ${manifest.kind}`
  const own = ofOperator[kind] ?? ofDriver[kind]
  if (own !== undefined) {
    return (
      own.safeParse(manifest).error?.issues.map(({ path, message }) => `${kind} /${path.join('/')} ${message}`) ?? []
    )
  }
  const validate = validatorOf(kind)
  if (validate === null) return [`Kubernetes ${schemaVersion} has no ${kind}, or the chart should have none`]
  if (validate(manifest)) return []
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${kind} ${instancePath} ${message} ${JSON.stringify(params)}`,
  )
}

function validatorOf(kind: string): ValidateFunction | null {
  const known = compiled.get(kind)
  if (known !== undefined) return known
  const schema = published.kinds[kind]
  if (schema === undefined) return null
  const validate = ajv.compile({ ...schema, $defs: published.$defs })
  compiled.set(kind, validate)
  return validate
}
