import type { Mistakes } from './mutation.ts'

const main = 'modules/ledger/main.tf'

/** Mistakes in the module `ledger`. */
export const ledger: Mistakes = {
  written: [
    {
      mistake: 'keys of Event Hubs are on',
      file: main,
      from: 'local_authentication_enabled  = false',
      to: 'local_authentication_enabled  = true',
      found: /local_authentication_enabled must be false/,
    },
    {
      mistake: 'Event Hubs has a public address',
      file: main,
      from: 'public_network_access_enabled = false\n  tags                          = var.tags\n\n  # Data',
      to: 'public_network_access_enabled = true\n  tags                          = var.tags\n\n  # Data',
      found: /azurerm_eventhub_namespace\.this: public_network_access_enabled must be false/,
    },
    {
      mistake: 'the rules of Event Hubs contradict its public access',
      file: main,
      from: '    public_network_access_enabled  = false\n',
      to: '',
      found: /its network rules must say the same/,
    },
    {
      mistake: 'Data Explorer may not read the private namespace',
      file: main,
      from: 'trusted_service_access_enabled = true',
      to: 'trusted_service_access_enabled = false',
      found: /Data Explorer cannot read it/,
    },
    {
      mistake: 'the cluster stops by itself',
      file: main,
      from: '  auto_stop_enabled             = false\n',
      to: '',
      found: /auto_stop_enabled must be false/,
    },
    {
      mistake: 'the cluster has no private endpoint',
      file: main,
      from: 'private_connection_resource_id = azurerm_kusto_cluster.this.id',
      to: 'private_connection_resource_id = azurerm_eventhub_namespace.this.id',
      found: /azurerm_kusto_cluster\.this: it has no private endpoint/,
    },
    {
      mistake: 'the data connection signs in with a key',
      file: main,
      from: '  identity_id         = azurerm_kusto_cluster.this.id\n',
      to: '',
      found: /it would sign in with a key/,
    },
    {
      mistake: 'the data connection does not wait for tables and role',
      file: main,
      from: '    azurerm_kusto_script.identity,\n',
      to: '',
      found: /it must wait for azurerm_kusto_script/,
    },
    {
      mistake: 'the data connection does not wait for its role',
      file: main,
      from: '    azurerm_role_assignment.cluster,\n',
      to: '',
      found: /it must wait for azurerm_role_assignment/,
    },
    {
      mistake: 'scripts of a database run in parallel',
      file: main,
      from: '  depends_on = [azurerm_kusto_script.tables]\n',
      to: '',
      found: /azurerm_kusto_script\.policies: it must wait for azurerm_kusto_script/,
    },
  ],
  computed: [],
}
