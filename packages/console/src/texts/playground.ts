export const playground = {
  title: 'Playground',
  said: 'Calls from here are made as you, and have a record like any other.',
  begin: 'New conversation',
  settings: 'Settings',
  conversationWith: (name: string) => `Conversation with ${name}`,
  workload: 'Call as',
  target: 'Through',
  model: 'Model',
  otherModel: 'Second model',
  sideBySide: 'Compare',
  oneModel: 'One model',
  api: 'API',
  apis: { 'chat/completions': 'Chat Completions', responses: 'Responses' },
  unusable: (name: string) => `You may not use ${name} here, so the first that you may use is chosen.`,
  noWorkload: 'No workload lists you as a caller',
  noWorkloadAdvice:
    'Every call is made as a workload. An operator lets you call by listing you, or a group of yours, in the configuration under workloads.NAME.callers. They need this to do so:',
  yourId: 'Your object id',
  noModel: 'Your workloads have no model that talks',
  noModelAdvice:
    'The playground talks with chat models, through Chat Completions or Responses. An operator adds them in the configuration under workloads.NAME.deployments and operations.',
  instructions: 'System prompt',
  instructionsHelp: 'What the model is told first.',
  modelsOwn: 'model’s own',
  numbers: {
    temperature: 'Temperature',
    topP: 'Top p',
    tokensMax: 'Most tokens of an answer',
    seed: 'Seed',
  },
  numberHelp: {
    temperature: '0 to 2: how much chance decides.',
    topP: '0 to 1: which share of likely words is considered.',
    tokensMax: 'Reasoning counts too.',
    seed: 'The same seed gives mostly the same answer.',
  },
  noSeed: 'Responses take no seed.',
  effort: 'Reasoning effort',
  effortHelp: 'For models that reason; others refuse it.',
  format: 'Format of the answer',
  formats: { text: 'Text', json_object: 'JSON', json_schema: 'JSON of a schema' },
  schema: 'JSON schema',
  tools: 'Tools',
  toolsHelp: 'A JSON array of functions. You type what they return.',
  example: 'Insert an example',
  faults: {
    empty: 'Write a schema, or choose another format.',
    json: 'This is not valid JSON.',
    array: 'Tools are an array: [ … ].',
    object: 'A schema is an object: { … }.',
  },
  question: 'Question',
  questionPlaceholder: 'Ask something',
  keys: 'Enter sends, Shift Enter begins a line, Escape stops.',
  send: 'Send',
  stop: 'Stop',
  addImage: 'Add images',
  image: (at: number) => `Image ${at}`,
  removeImage: (at: number) => `Remove image ${at}`,
  imageElsewhere: (address: string) => `Image at ${address}, not loaded here`,
  pictureFaults: {
    type: 'Images are PNG, JPEG, WebP or GIF.',
    size: 'Images have at most 20 MiB.',
    unreadable: 'This image cannot be read.',
  },
  picturesMost: (most: number) => `A question has at most ${most} images.`,
  tooLong: (most: string) => `The conversation is longer than ${most}. Begin a new one, or leave images out.`,
  resultsFirst: 'The model waits for the results of its tools, above.',
  empty: 'Nothing was asked yet',
  emptyAdvice: 'Write a question below. With a second model, both get it, and you see the answers beside each other.',
  you: 'You',
  toolResult: (id: string) => `Result of ${id}`,
  calls: (name: string) => `calls ${name}`,
  resultOf: (name: string) => `Result of ${name}`,
  resultPlaceholder: 'What the tool returns, as JSON or text',
  sendResults: 'Send results',
  reasoning: 'Reasoning',
  declined: 'The model declined',
  waiting: 'Waiting for the first word',
  answering: 'The answer is coming',
  complete: 'The answer is complete',
  stopped: 'Stopped',
  cutShort: {
    length: 'It reached the most tokens of an answer.',
    max_output_tokens: 'It reached the most tokens of an answer.',
    content_filter: 'A content filter cut it short.',
  } as Readonly<Record<string, string>>,
  failures: {
    refused: 'The gateway refused this call',
    'signed-out': 'Your session has ended',
    broken: 'The answer broke off',
    failed: 'The call failed',
  },
  signedOutAdvice: 'Sign in again in another tab, then come back and try again: the conversation stays here.',
  brokenAdvice:
    'The connection to the gateway was lost. The call may have been billed up to there; its record says so.',
  signIn: 'Sign in in another tab',
  tryAgain: 'Try again',
  askAgain: 'Ask this again',
  copy: 'Copy',
  code: 'Code',
  codeTitle: 'This call as a program',
  codeHelp:
    'Set GATEHOUSE_URL to the address of the gateway and GATEHOUSE_TOKEN to an access token. The answer comes whole, not as a stream.',
  close: 'Close',
  copied: 'Copied',
  explain: 'Explain',
  record: 'Record',
  recordNeedsRole: 'The record of this call. Opening it needs the role viewer or developer.',
  firstWord: 'First word',
  took: 'Took',
  measured: (gateway: string) => `Measured in this page. The gateway measured ${gateway}.`,
  tokens: (asked: string, answered: string) => `${asked} → ${answered} tokens`,
  tokensSaid: (asked: string, cached: string, answered: string, reasoning: string) =>
    `Prompt ${asked} (cached ${cached}), answer ${answered} (reasoning ${reasoning})`,
  noPrice: 'no price',
  noRecordYet: 'the record is being written',
  noRecord: 'no record yet',
  fromRecord: 'From a record',
  recordNotUnderstood: 'This record holds no conversation that can go on here',
  recordNotUnderstoodAdvice: 'The playground goes on with calls of Chat Completions and Responses.',
  leftOut: (kinds: string) => `Left out, because a question here cannot have it: ${kinds}.`,
  useRecord: 'Go on with it here',
  useRecordSaid: 'It takes the place of the conversation in this tab. Nothing is sent until you do.',
  otherWorkload: (name: string) =>
    `The call was made as ${name}, which you may not call as. Yours will be made as another workload.`,
} as const

export const exampleTools = `[
  {
    "type": "function",
    "function": {
      "name": "get_weather",
      "description": "Weather of a city now",
      "parameters": {
        "type": "object",
        "properties": { "city": { "type": "string" } },
        "required": ["city"],
        "additionalProperties": false
      }
    }
  }
]`

export const exampleSchema = `{
  "type": "object",
  "properties": {
    "summary": { "type": "string" },
    "topics": { "type": "array", "items": { "type": "string" } }
  },
  "required": ["summary", "topics"],
  "additionalProperties": false
}`
