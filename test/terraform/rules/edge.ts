import { type Block, blocksOf, type Resource } from '../hcl.ts'
import { isGiven, type ModuleRules } from './module-rules.ts'

export const edge: ModuleRules = {
  roles: ['Key Vault Secrets User'],
  check: gateway,
  /** It reads its certificate when it is made. */
  waits: ({ type }) => (type === 'azurerm_application_gateway' ? ['azurerm_role_assignment'] : []),
}

function gateway({ address, type, values }: Resource): readonly string[] {
  if (type === 'azurerm_web_application_firewall_policy') return firewall(address, values)
  if (type !== 'azurerm_application_gateway') return []
  const [global = {}] = blocksOf(values, 'global')
  const settings = blocksOf(values, 'backend_http_settings')
  const certificates = blocksOf(values, 'ssl_certificate')
  const plain = blocksOf(values, 'http_listener').filter(each => each['protocol'] !== 'Https')
  return [
    ...(global['response_buffering_enabled'] === false ? [] : [`${address}: it must not hold answers back`]),
    ...(plain.length === 0 ? [] : [`${address}: it must speak TLS with callers`]),
    ...(certificates.some(each => isGiven(each['data']) || isGiven(each['password']))
      ? [`${address}: its key would be in the state`]
      : []),
    ...settings
      .filter(each => Number(each['request_timeout']) < 300)
      .map(() => `${address}: long answers would be cut off`),
  ]
}

/** Prompts quote what its rules take for attacks. */
function firewall(address: string, values: Block): readonly string[] {
  const [settings = {}] = blocksOf(values, 'policy_settings')
  return settings['request_body_check'] === false ? [] : [`${address}: it must not look at prompts`]
}
