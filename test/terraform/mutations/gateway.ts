import type { Mistakes } from './mutation.ts'

const main = 'modules/gateway/main.tf'
const journal = 'modules/gateway/journal.tf'

/** Mistakes in the module `gateway`. */
export const gateway: Mistakes = {
  written: [
    {
      mistake: 'the environment has a public address',
      file: main,
      from: 'internal_load_balancer_enabled = true',
      to: 'internal_load_balancer_enabled = false',
      found: /internal_load_balancer_enabled must be true/,
    },
    {
      mistake: 'the gateway answers without TLS',
      file: main,
      from: 'allow_insecure_connections = false',
      to: 'allow_insecure_connections = true',
      found: /it answers without TLS/,
    },
    {
      mistake: 'the gateway has an identity that nobody gave a role to',
      file: main,
      from: 'type         = "UserAssigned"',
      to: 'type         = "SystemAssigned"',
      found: /it has no identity of its own before it starts/,
    },
    {
      mistake: 'the image is pulled with a password',
      file: main,
      from: '      identity = var.identity_id\n',
      to: '      username             = "gatehouse"\n      password_secret_name = "password"\n',
      found: /it pulls its image with a password/,
    },
    {
      mistake: 'the readiness probe asks the wrong page',
      file: main,
      from: '"/readyz"',
      to: '"/healthz"',
      found: /readiness_probe must ask \/readyz/,
    },
    {
      mistake: 'a probe is missing',
      file: main,
      from: 'startup_probe {',
      to: 'liveness_probe {',
      found: /startup_probe must ask \/healthz/,
    },
    {
      mistake: 'the journal is not mounted',
      file: main,
      from: '      volume_mounts {\n        name = "journal"\n        path = local.state\n      }\n',
      to: '',
      found: /the volume journal is not mounted/,
    },
    {
      mistake: 'a secret is written into the configuration of the app',
      file: main,
      from: '    name  = "gatehouse-yaml"\n',
      to: '    name  = "key"\n',
      found: /the secret key would be in Terraform's state/,
    },
    {
      mistake: 'keys of the account of the journal are on',
      file: journal,
      from: 'shared_access_key_enabled       = false',
      to: 'shared_access_key_enabled       = true',
      found: /shared_access_key_enabled must be false/,
    },
    {
      mistake: 'the account of the journal has a public address',
      file: journal,
      from: 'public_network_access_enabled   = false',
      to: 'public_network_access_enabled   = true',
      found: /azurerm_storage_account\.journal: public_network_access_enabled must be false/,
    },
    {
      mistake: 'the journal is on a share by SMB',
      file: journal,
      from: '"NFS"',
      to: '"SMB"',
      found: /its protocol must be NFS/,
    },
    {
      mistake: 'the share is mounted with a key',
      file: journal,
      from: '  access_mode                  = "ReadWrite"\n',
      to: '  access_mode                  = "ReadWrite"\n  access_key = azurerm_storage_account.journal[0].primary_access_key\n',
      found: /it is mounted with a key/,
    },
  ],
  computed: [
    {
      mistake: 'the gateway is killed while it waits for calls',
      file: main,
      from: 'var.shutdown_grace_seconds + 30',
      to: 'var.shutdown_grace_seconds',
      found: /it is killed after 120 s, and waits 120 s for calls/,
    },
    {
      mistake: 'ingress ends calls before the gateway does',
      example: 'production',
      file: main,
      from: '= var.idle_minutes\n',
      to: '= 4\n',
      found: /it ends calls that are silent for 5 minutes/,
    },
    {
      mistake: 'the journal is reached by its public name',
      example: 'production',
      file: 'containers.tf',
      from: 'privatelink.file.core.windows.net',
      to: 'privatelink.files.core.windows.net',
      found: /its zone must be/,
    },
    {
      mistake: 'nobody knows which version runs',
      example: 'production',
      file: 'examples/production/main.tf',
      from: 'gatehouse:0.1.0',
      to: 'gatehouse:latest',
      found: /image must name a registry/,
    },
    {
      mistake: 'a replica may sleep',
      example: 'production',
      file: 'examples/production/main.tf',
      from: 'min = 3',
      to: 'min = 0',
      found: /replicas must have min from 1/,
    },
    {
      mistake: 'the shares of a replica are no quarters',
      file: 'examples/minimal/main.tf',
      from: '= 0.5\n',
      to: '= 0.6\n',
      found: /in steps of 0\.25/,
    },
  ],
}
