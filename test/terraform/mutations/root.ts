import type { Mistakes } from './mutation.ts'

/** Mistakes in the root and the examples. */
export const root: Mistakes = {
  written: [
    {
      mistake: 'an output that is referred to does not exist',
      file: 'main.tf',
      from: 'module.network.endpoints_subnet_id',
      to: 'module.network.endpoint_subnet_id',
      found: /nothing is declared as module\.network\.endpoint_subnet_id/,
    },
    {
      mistake: 'a module lacks an argument',
      file: 'main.tf',
      from: '  zones               = local.zones\n',
      to: '',
      found: /module\.network: zones is missing/,
    },
    {
      mistake: 'a module gets an argument that it does not have',
      file: 'main.tf',
      from: '  zones               = local.zones\n',
      to: '  zones               = local.zones\n  peers               = []\n',
      found: /the module has no variable peers/,
    },
    {
      mistake: 'a variable has no description',
      file: 'variables.tf',
      from: '  description = "Value of the tag Company."\n',
      to: '',
      found: /the variable company needs a type and a description/,
    },
  ],
  computed: [
    {
      mistake: 'the zone of an account is that of another service',
      file: 'main.tf',
      from: 'privatelink.openai.azure.com',
      to: 'privatelink.openai.azure.net',
      found: /its zone must be/,
    },
    {
      mistake: 'a workload names a deployment that does not exist',
      file: 'examples/minimal/main.tf',
      from: 'deployments = ["gpt-4o"]',
      to: 'deployments = ["gpt-4"]',
      found: /name a deployment that no instance has/,
    },
    {
      mistake: 'a tag is not made',
      file: 'main.tf',
      from: '    Project     = var.project\n',
      to: '',
      found: /the tag Project is missing/,
    },
    {
      mistake: 'the identity gets a role that manages an account',
      file: 'main.tf',
      from: 'role  = "Cognitive Services OpenAI User"',
      to: 'role  = "Cognitive Services Contributor"',
      found: /The gateway needs no role but/,
    },
    {
      mistake: 'a value of a variable is not allowed',
      file: 'examples/minimal/main.tf',
      from: 'capacity = 10',
      to: 'capacity = 10.5',
      found: /capacity must be a whole number/,
    },
    {
      mistake: 'files are not formatted',
      file: 'main.tf',
      from: '  project     = var.project\n',
      to: '  project = var.project\n',
      found: /^main\.tf$/m,
    },
  ],
}
