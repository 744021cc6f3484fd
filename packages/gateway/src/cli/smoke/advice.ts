/** What to do about a failure in a new deployment, by the code of the refusal or of the command line's error. */

const roles =
  'Role assignments take up to ten minutes to arrive, sometimes longer: wait and run it again. Then: gatehouse doctor --only credentials, beside the gateway.'
const network =
  'Beside the gateway: gatehouse doctor --only instances. A private endpoint needs its private DNS zone, linked to the gateway’s network.'
const audience =
  'Compare identity.entra with the registration: audiences must have what the token is for, tenants the caller’s tenant (docs/entra.md).'
const binding =
  'Compare workloads.NAME.callers with the claims of: gatehouse whoami. Groups and app roles need the gateway’s own registration (docs/entra.md).'

const byCode: Readonly<Record<string, string>> = {
  gateway_unreachable:
    'Is the gateway running (log, readiness probe), does its name resolve here, and may this machine reach it? An internal ingress answers inside the virtual network and peered networks alone.',
  metadata_unusable: 'Is this the address of the gateway, and not of what is in front of it?',
  sign_in_unreachable: 'This machine must reach the sign-in service: login.microsoftonline.com, unless configured.',
  token_audience: audience,
  token_tenant: audience,
  token_issuer: audience,
  token_client: 'identity.entra.clients does not list the program that signed in: add its client id.',
  keys_unavailable:
    'The gateway cannot read the keys of the sign-in service: its network must let it reach login.microsoftonline.com. Beside the gateway: gatehouse doctor --only sign-in.',
  groups_unavailable: 'The gateway’s identity needs the permissions of docs/entra.md at Microsoft Graph.',
  workload_missing: 'Name one: --workload NAME.',
  caller_unbound: binding,
  caller_not_bound: binding,
  caller_groups_overage: binding,
  deployment_not_allowed: 'Name a deployment that the workload may use: --deployment NAME.',
  deployment_unknown: 'Name one: --deployment NAME. Beside the gateway: gatehouse doctor --only deployments.',
  credential_unavailable:
    'The gateway has no token of its identity: is the identity assigned to where the gateway runs, and is its client id the one of the configuration?',
  credential_refused: roles,
  backend_unreachable: network,
  connect_timeout: network,
  pool_unavailable: network,
  pool_exhausted: 'The deployment has no quota left this minute: raise its capacity, or wait.',
  limits_unavailable: 'Redis cannot be used. Beside the gateway: gatehouse doctor --only redis.',
  objects_unavailable: 'Redis cannot be used. Beside the gateway: gatehouse doctor --only redis.',
  ledger_unwritable: 'The ledger’s volume cannot be written. Beside the gateway: gatehouse doctor --only disk.',
  DeploymentNotFound:
    'The instance has no such deployment, or has it only since a moment: wait five minutes, then gatehouse doctor --only deployments.',
  admin_unreachable:
    'Does the management API listen where this machine can reach it (admin.listen, ingress)? Name it with --admin URL.',
  admin_unknown: 'Name it: --admin URL.',
  role_missing:
    'Give the reader the role viewer or auditor (admin.roles), or name another account that has signed in: --reader NAME.',
}

/** @param otherwise what the error itself advises. */
export function adviceFor(code: string, otherwise: string | null): string {
  return byCode[code] ?? otherwise ?? `Look up ${code} in docs/refusals.md.`
}
