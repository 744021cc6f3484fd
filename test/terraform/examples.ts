/** The examples of `deploy/terraform`, and values of their variables as an operator would give them. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const examplesDirectory = join(import.meta.dirname, '../../deploy/terraform/examples')

/** Names of the examples. */
export function exampleNames(): readonly string[] {
  return readdirSync(examplesDirectory).sort()
}

const guid = '00000000-0000-4000-8000-000000000000'
const shared = `/subscriptions/${guid}/resourceGroups/shared/providers`
const network = `${shared}/Microsoft.Network`
const zone = (name: string): string => `${network}/privateDnsZones/privatelink.${name}`

/** A registry that an operator has. */
export const registryId = `${shared}/Microsoft.ContainerRegistry/registries/contoso`

const own = { subscription_id: guid, tenant_id: '11111111-0000-4000-8000-000000000000', suffix: '4f2a' }
const groups = {
  callers_group_id: '33333333-0000-4000-8000-000000000000',
  auditors_group_id: '44444444-0000-4000-8000-000000000000',
}

const values: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  minimal: {
    ...own,
    image: 'contoso.azurecr.io/gatehouse:0.1.0',
    registry_id: registryId,
    user_id: '22222222-0000-4000-8000-000000000000',
  },
  production: { ...own, ...groups, alerts_email: 'operations@contoso.example' },
  aks: {
    ...{ ...own, ...groups, alerts_email: 'operations@contoso.example' },
    cluster_admins_group_id: '66666666-0000-4000-8000-000000000000',
    audience: '55555555-0000-4000-8000-000000000000',
  },
  'existing-network': {
    ...{ ...own, ...groups },
    audience: '55555555-0000-4000-8000-000000000000',
    network: JSON.stringify({
      virtual_network_id: `${network}/virtualNetworks/shared`,
      endpoints_subnet_id: `${network}/virtualNetworks/shared/subnets/endpoints`,
      apps_subnet_id: `${network}/virtualNetworks/shared/subnets/apps`,
    }),
    zone_ids: JSON.stringify({ openai: zone('openai.azure.com'), events: zone('servicebus.windows.net') }),
  },
}

/**
 * Arguments of Terraform.
 * @param more values that are added, or replace others.
 * @throws Error for an example that is not listed here.
 */
export function valuesOf(example: string, more: Readonly<Record<string, string>> = {}): readonly string[] {
  const found = values[example]
  if (found === undefined) throw new Error(`test/terraform/examples.ts has no values for the example ${example}`)
  return Object.entries({ ...found, ...more }).map(([name, value]) => `-var=${name}=${value}`)
}
