import type { Mistakes } from './mutation.ts'

const main = 'modules/edge/main.tf'

/** Mistakes in the module `edge`. */
export const edge: Mistakes = {
  written: [
    {
      mistake: 'answers are held until they are whole',
      file: main,
      from: 'response_buffering_enabled = false',
      to: 'response_buffering_enabled = true',
      found: /it must not hold answers back/,
    },
    {
      mistake: 'callers may send their tokens without TLS',
      file: main,
      from: '    protocol                       = "Https"\n',
      to: '    protocol                       = "Http"\n',
      found: /it must speak TLS with callers/,
    },
    {
      mistake: 'the key of the certificate is in the state',
      file: main,
      from: '    key_vault_secret_id = var.certificate_id\n',
      to: '    data                = var.certificate_id\n',
      found: /its key would be in the state/,
    },
    {
      mistake: 'long answers are cut off',
      file: main,
      from: 'request_timeout       = var.request_seconds',
      to: 'request_timeout       = 30',
      found: /long answers would be cut off/,
    },
    {
      mistake: 'the firewall looks at prompts',
      file: main,
      from: '    request_body_check = false\n',
      to: '    request_body_check = true\n',
      found: /it must not look at prompts/,
    },
    {
      mistake: 'the edge does not wait for its right to the certificate',
      file: main,
      from: '  depends_on = [azurerm_role_assignment.certificate]\n',
      to: '',
      found: /it must wait for azurerm_role_assignment/,
    },
    {
      mistake: 'the edge may change everything in the vault',
      file: main,
      from: 'role_definition_name = "Key Vault Secrets User"',
      to: 'role_definition_name = "Key Vault Administrator"',
      found: /the role Key Vault Administrator is more than is needed/,
    },
  ],
  computed: [],
}
