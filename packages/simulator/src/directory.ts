/**
 * The tenant of the demonstration: its people, applications and registrations. Ids are fixed, so that a configuration,
 * a ledger and a test that were made with an earlier demonstration still fit.
 */
import type { Application, Directory, Person, Registration } from './types.ts'

/** The registration with which people sign in to the console of a gateway. */
export const consoleClientId = 'c0501e00-2c5f-4d0b-8c3e-5b9a7d1f3e24'

/**
 * The well-known public client id of the Azure CLI, with which developers sign in when no application is registered.
 */
export const azureCliClientId = '04b07795-8ddb-461a-bbee-02f9e1bf7b46'

const subscription = '/subscriptions/3d0c1f64-52a8-4a9e-8d0b-7c4e2f6a9b15/resourcegroups/rg-gatehouse'

const people: readonly Person[] = [
  {
    name: 'alice',
    displayName: 'Alice Arnold',
    userPrincipalName: 'alice@contoso.example',
    objectId: 'a11ce000-6b1d-4c1e-9a53-0f5d1c7e2a01',
    groups: ['hr-department'],
    roles: ['HrBot.Use'],
    about: 'Human resources; may use the workload hr-bot.',
    password: 'alice-in-the-simulator',
  },
  {
    name: 'bob',
    displayName: 'Bob Brandt',
    userPrincipalName: 'bob@contoso.example',
    objectId: 'b0b00000-6b1d-4c1e-9a53-0f5d1c7e2a02',
    groups: ['engineering'],
    roles: [],
    about: 'Software engineer; may use the workload code-assistant.',
    password: 'bob-in-the-simulator',
  },
  {
    name: 'carol',
    displayName: 'Carol Castillo',
    userPrincipalName: 'carol@contoso.example',
    objectId: 'ca401000-6b1d-4c1e-9a53-0f5d1c7e2a03',
    groups: ['hr-department', 'engineering', 'compliance'],
    roles: ['HrBot.Use', 'Gatehouse.Auditor'],
    about: 'Compliance; may use both workloads, reads all prompts, sets legal holds.',
    password: 'carol-in-the-simulator',
  },
  {
    name: 'dave',
    displayName: 'Dave Dupont',
    userPrincipalName: 'dave@contoso.example',
    objectId: 'da7e0000-6b1d-4c1e-9a53-0f5d1c7e2a04',
    groups: [],
    roles: [],
    about: 'Known to the tenant, but bound to no workload: every call is refused.',
    password: 'dave-in-the-simulator',
  },
  {
    name: 'erin',
    displayName: 'Erin Ekström',
    userPrincipalName: 'erin@contoso.example',
    objectId: 'e4140000-6b1d-4c1e-9a53-0f5d1c7e2a05',
    groups: ['platform'],
    roles: [],
    about: 'Platform team; runs the gateway, erases a person on request, reads no prompts.',
    password: 'erin-in-the-simulator',
  },
  {
    name: 'frank',
    displayName: 'Frank Fischer',
    userPrincipalName: 'frank@contoso.example',
    objectId: 'f4a40000-6b1d-4c1e-9a53-0f5d1c7e2a06',
    groups: ['finance'],
    roles: [],
    about: 'Finance; reads what calls cost, and no prompts.',
    password: 'frank-in-the-simulator',
  },
]

const applications: readonly Application[] = [
  {
    name: 'azure-cli',
    appId: azureCliClientId,
    objectId: 'c11e0000-6b1d-4c1e-9a53-0f5d1c7e2a10',
    secret: null,
    groups: [],
    roles: [],
    managedIdentityId: null,
    about: 'The public client with which people sign in from a terminal.',
  },
  {
    name: 'gatehouse-console',
    appId: consoleClientId,
    objectId: 'c0501e00-6b1d-4c1e-9a53-0f5d1c7e2a14',
    secret: null,
    groups: [],
    roles: [],
    managedIdentityId: null,
    redirectUris: ['localhost', '127.0.0.1', '[::1]'].map(host => `http://${host}/signin/callback`),
    about: 'The console of the gateway, with which people sign in with a browser.',
  },
  {
    name: 'expert-finder-app',
    appId: 'e47e4710-2c5f-4d0b-8c3e-5b9a7d1f3e20',
    objectId: 'e47e4710-6b1d-4c1e-9a53-0f5d1c7e2a11',
    secret: 'expert-finder-secret-of-the-simulator',
    groups: [],
    roles: ['ExpertFinder.Call'],
    managedIdentityId: null,
    about: 'A service with a client secret; may use the workload expert-finder.',
  },
  {
    name: 'gatehouse-gateway',
    appId: '6a7e0000-2c5f-4d0b-8c3e-5b9a7d1f3e21',
    objectId: '6a7e0000-6b1d-4c1e-9a53-0f5d1c7e2a12',
    secret: null,
    groups: [],
    roles: [],
    graphPermissions: ['Application.Read.All', 'GroupMember.Read.All', 'User.Read.All'],
    managedIdentityId: `${subscription}/providers/microsoft.managedidentity/userassignedidentities/gatehouse-gateway`,
    about: 'The managed identity of the gateway itself, towards its instances and Microsoft Graph.',
  },
  {
    name: 'nightly-summaries',
    appId: '51e4a000-2c5f-4d0b-8c3e-5b9a7d1f3e22',
    objectId: '51e4a000-6b1d-4c1e-9a53-0f5d1c7e2a13',
    secret: null,
    groups: ['engineering'],
    roles: [],
    managedIdentityId: `${subscription}/providers/microsoft.managedidentity/userassignedidentities/nightly-summaries`,
    about: 'A job with a managed identity and no secret at all.',
  },
]

/** The company's registration for its gateway, as docs/entra.md describes it. */
const gatehouse: Registration = {
  name: 'gatehouse',
  appId: '6a7eca11-2c5f-4d0b-8c3e-5b9a7d1f3e23',
  uris: ['api://gatehouse'],
  accessTokenVersion: 1,
  groupMembershipClaims: 'SecurityGroup',
  appRoles: ['HrBot.Use', 'ExpertFinder.Call', 'Gatehouse.Auditor'],
}

/** The audience of the tokens that people and programs request. */
export const demoAudience = 'api://gatehouse'

export const demoDirectory: Directory = {
  tenantId: '6f2b6c1e-3d0a-4b57-9c5e-0d2f8a7b1c34',
  people,
  groups: [
    { name: 'hr-department', objectId: '64000000-6b1d-4c1e-9a53-0f5d1c7e2b01' },
    { name: 'engineering', objectId: '64000000-6b1d-4c1e-9a53-0f5d1c7e2b02' },
    { name: 'compliance', objectId: '64000000-6b1d-4c1e-9a53-0f5d1c7e2b03' },
    { name: 'platform', objectId: '64000000-6b1d-4c1e-9a53-0f5d1c7e2b04' },
    { name: 'finance', objectId: '64000000-6b1d-4c1e-9a53-0f5d1c7e2b05' },
  ],
  applications,
  registrations: [gatehouse],
}
