export const connect = {
  title: 'How to connect',
  titleOf: (workload: string) => `How to connect to ${workload}`,
  workload: 'Workload',
  target: 'Pool or instance',
  deployment: 'Deployment',
  sdk: 'SDK',
  token: 'Token from',
  tokens: { identity: 'Azure identity', variable: 'a variable' },
  tokenHelp: {
    identity:
      'DefaultAzureCredential finds who signed in: you with the Azure CLI on your machine, the managed identity of the program where it runs. It renews the token by itself.',
    variable:
      'Put a token into GATEHOUSE_TOKEN before: export GATEHOUSE_TOKEN=$(gatehouse token). In the demonstration ./gatehouse token --as NAME prints one. It lasts about an hour.',
  },
  facts: {
    endpoint: 'Endpoint',
    base: 'Base URL (v1)',
    scope: 'Scope of the token',
    header: 'Workload as a header',
    headerValue: (gateway: string, workload: string) => `${gateway}/v1/… with x-gatehouse-workload: ${workload}`,
  },
  install: 'First install:',
  program: (sdk: string) => `A first call with ${sdk}`,
  copy: 'Copy',
  copied: 'Copied',
  copyOf: (what: string) => `Copy: ${what}`,
  untested: 'The tests of Gatehouse do not run this one: it follows the documentation of its SDK.',
  plainHttp: 'Azure’s SDKs for .NET send a token over https alone: the address of the gateway must begin with it.',
  noGateway: 'This is a collector: it serves no calls. Ask a gateway that sends its records here.',
  noWorkload: 'No workload lists you among its callers, so the gateway refuses your calls.',
  noWorkloadAdvice:
    'Ask an operator to add you, or a group of yours, to workloads.NAME.callers in the configuration. Your id for that:',
} as const
