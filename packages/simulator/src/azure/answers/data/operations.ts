import type { Topic } from './topic.ts'

/** Azure, data stores, running software, and the company's IT. */
export const operationsTopics: readonly Topic[] = [
  {
    ask: 'pods throttled/throttling | kubernetes throttled/throttling | cpu throttling/throttled | container throttled/throttling',
    say: 'A pod is throttled when it wants more CPU than its limit in a 100 ms period. Ask Prometheus which ones are affected:\n\n```promql\nsum by (namespace, pod) (rate(container_cpu_cfs_throttled_periods_total[5m]))\n  / sum by (namespace, pod) (rate(container_cpu_cfs_periods_total[5m])) > 0.1\n```\n\nWithout Prometheus, look into one container: `kubectl exec POD -- cat /sys/fs/cgroup/cpu.stat` and watch `nr_throttled` rise.',
    more: [
      'kubectl top pod is not enough: its averages hide short peaks, and a pod can be throttled at 40 percent of its limit.',
      'The cure is a higher CPU limit, or none at all with sensible requests, or fewer threads in the process.',
      'What could go wrong: without limits, a runaway pod takes CPU from its neighbours down to their requests.',
    ],
    next: 'Do you have Prometheus in the cluster?',
  },
  {
    ask: 'crashloopbackoff | pod crash/crashing/restarts/restarting | oomkilled',
    say: 'CrashLoopBackOff means that the container’s process ends again and again. The reason is in the log of the previous run: kubectl logs POD --previous, and in the events of kubectl describe pod POD.',
    more: [
      'Exit code 137 with OOMKilled means the memory limit was too low; code 1 is mostly missing configuration.',
      'A liveness probe that is too impatient kills slow starters; add a startup probe.',
      'The pause between restarts doubles up to five minutes.',
    ],
  },
  {
    ask: 'liveness readiness | readiness probe | liveness probe',
    say: 'A readiness probe decides whether a pod gets traffic; a liveness probe decides whether it is restarted. Readiness may depend on what the pod needs right now; liveness should fail only when a restart would help.',
    more: [
      'Do not check the database in a liveness probe, or its failure restarts all pods at once.',
      'Slow starters get a startup probe.',
      'On shutdown, fail readiness first and finish open requests afterwards.',
    ],
  },
  {
    ask: 'kubernetes | k8s',
    say: 'Kubernetes runs containers on a group of machines: you declare what should run, and it starts it, restarts what fails and scales what is busy. The smallest unit is a pod; a Deployment keeps the wanted number of pods, a Service gives them one address.',
    more: [
      'Requests tell the scheduler what a pod needs, limits what it may use at most.',
      'kubectl get, describe and logs answer most questions.',
      'For one or two services, Azure Container Apps does the same with less to run.',
    ],
  },
  {
    ask: 'docker image smaller/size | dockerfile | docker container | docker',
    say: 'A container packs a program with all it needs and shares the kernel of its host; an image is the read-only template it starts from. The Dockerfile describes how the image is built, layer by layer.',
    more: [
      'Copy the dependency list and install before you copy the sources, so that the layer stays in the cache.',
      'A multi-stage build leaves compilers out and makes images a fraction of the size.',
      'Run as a user without root rights, and never put secrets into a layer.',
    ],
  },
  {
    ask: '429 | 429 azure/openai/error/errors/get/getting | rate limit azure/openai/error/errors | too many requests | quota exceeded',
    say: 'A 429 from Azure OpenAI means that the deployment’s tokens or requests per minute are used up. Wait for as long as the header retry-after-ms says, then try again with some jitter.',
    more: [
      'The estimate at admission includes max_tokens, so a generous value uses up the limit without any output; set it to what you need.',
      'Requests are counted over short windows of seconds too, so a burst can hit the limit well below the minute’s figure.',
      'If it happens all the time, raise the quota, spread the load over several regions, or move the steady part to provisioned throughput.',
      'The header x-ratelimit-remaining-tokens shows how close you are.',
    ],
    next: 'Is it a standard or a provisioned deployment?',
  },
  {
    ask: 'ptu | provisioned throughput | provisioned standard | ptus',
    say: 'Provisioned throughput reserves model capacity in units (PTU) at a fixed price per hour, with steady latency. A standard deployment is paid per token and shares its capacity with others.',
    more: [
      'It pays off for steady load; peaks are better spilled over to a standard deployment.',
      'At 100 percent utilization further calls get a 429 with the time to wait.',
      'How many units you need depends on the model, the calls per minute, and the lengths of prompts and answers.',
    ],
  },
  {
    ask: 'deployment model azure/openai | deployment name | deploymentnotfound | deployment not found',
    say: 'In Azure OpenAI you call a deployment, not a model: the deployment is the name you chose, the model is what runs behind it. DeploymentNotFound means that this name does not exist in the resource of your endpoint, or was created less than five minutes ago.',
    more: [
      'The name stands in the URL of the dated API and in the field model of the v1 API.',
      'Several deployments can run the same model with quotas of their own.',
      'The list is in the portal of the resource under Deployments.',
    ],
  },
  {
    ask: 'content filter | content filtering | content_filter | jailbreak',
    say: 'Azure OpenAI checks prompts and answers for hate, sexual content, violence and self-harm, and by default blocks from medium severity on. A blocked prompt gives a 400 with code content_filter; a blocked answer ends with finish_reason content_filter.',
    more: [
      'Which category it was stands in content_filter_result.',
      'Filters are set per deployment; lower levels need an approval from Microsoft.',
      'Catch the 400 and ask your user to reword; a retry of the same text helps nobody.',
    ],
  },
  {
    ask: 'gpt-4o gpt-4o-mini | gpt-4o mini | which model | choose model | cheaper model',
    say: 'GPT-4o mini is the sensible start: it is much cheaper and quicker, and good enough for classification, extraction and simple answers. Move to GPT-4o where your own test questions show a difference that matters.',
    more: [
      'Both take text and images and have a context of 128,000 tokens.',
      'Reasoning models are for problems with several steps; they are slower and also charge for hidden tokens.',
      'Fifty real questions with expected answers are enough to decide.',
    ],
  },
  {
    ask: 'azure openai data/train/training/privacy | prompts used train/training | azure openai',
    say: 'Azure OpenAI offers OpenAI’s models in Azure regions, with Entra ID sign-in, private networking and content filtering. Prompts and answers stay in your tenant’s service and are not used to train the models.',
    more: [
      'A model is used through a deployment with a quota in tokens per minute.',
      'With a data-zone deployment, processing stays within the EU or the USA.',
      'For abuse monitoring, samples may be stored for up to 30 days unless you have an exemption.',
    ],
  },
  {
    ask: 'openai bill/cost/costs | reduce token/tokens/llm cost/costs | llm costs | model costs',
    say: 'Send less and choose smaller: a shorter system prompt, only the passages that matter, and a mini model wherever your tests allow it. Answers cost several times as much per token as prompts, so ask for short ones.',
    more: [
      'Put what never changes at the beginning of the prompt; repeated beginnings are cached and cost less.',
      'Batch jobs that can wait a day cost half.',
      'Attribute the cost to teams; what is visible gets smaller.',
    ],
  },
  {
    ask: 'token tokens count/many/what/is | tokenizer | context window',
    say: 'A token is a piece of text, in English about four characters or three quarters of a word. Prompt and answer together must fit into the model’s context window, and both are charged per token.',
    more: [
      'GPT-4o uses the encoding o200k_base; older models use cl100k_base.',
      'Other languages and code need more tokens for the same content.',
      'The usage field of each answer gives the exact count.',
    ],
  },
  {
    ask: 'embedding/embeddings | vector search | cosine similarity',
    say: 'An embedding turns a text into a list of numbers, so that texts of similar meaning lie close together. To search, you embed all passages once, embed the question, and take the passages with the highest cosine similarity.',
    more: [
      'Use the same model for passages and questions, and embed anew when you change it.',
      'Passages of 300 to 500 tokens with a little overlap are a good beginning.',
      'Combining keyword and vector search finds more than either alone.',
    ],
  },
  {
    ask: 'rag | retrieval augmented | fine-tuning rag | fine-tune/fine-tuning',
    say: 'In retrieval-augmented generation (RAG), the passages that fit the question are looked up first and given to the model together with it. Use RAG for knowledge that changes; fine-tuning is for form and tone, and teaches facts poorly.',
    more: [
      'Ask the model to quote its source, and to say so when the passages do not contain the answer.',
      'Most bad answers come from bad retrieval, so measure that part on its own.',
      'Check the reader’s rights at the lookup, not in the prompt.',
    ],
  },
  {
    ask: 'hallucination/hallucinations/hallucinate | model makes up',
    say: 'A language model predicts likely text, so it can state wrong things fluently: that is called a hallucination. Give it the sources, let it say “I do not know”, and check figures, names and quotations.',
    more: [
      'A low temperature makes answers steadier, not truer.',
      'Ask for the passage that supports each claim and compare it automatically.',
      'Questions without an answer belong into your test set.',
    ],
  },
  {
    ask: 'large language model | llm work/works | language model/models | how chatgpt work/works | transformer',
    say: 'A large language model predicts the next piece of text from all that stands before it, again and again. It has learned this from very large amounts of text, and was then trained further to follow instructions.',
    more: [
      'It weighs by attention which earlier words matter for the next one.',
      'It has no memory between calls: the conversation is sent along every time.',
      'What it knows ends with its training data, unless you give it sources.',
    ],
  },
  {
    ask: 'prompt good/better/write/tips/engineering | prompting',
    say: 'Say what the model should do, for whom, and what the answer should look like; give one example of a good answer and the material it should use. Put instructions first and separate them clearly from the text to be worked on.',
    more: [
      'Say what to do when something is missing, or it will guess.',
      'Split large tasks into steps and check in between.',
      'Keep ten test inputs and run them after each change of the prompt.',
    ],
  },
  {
    ask: 'managed identity | api key/keys instead/better/rotate | without keys',
    say: 'A managed identity is an identity that Azure gives to a workload: it gets Entra tokens without any secret to store or rotate. Assign it the role Cognitive Services OpenAI User and use DefaultAzureCredential in the code.',
    more: [
      'An API key, in contrast, is valid for everyone who finds it and says nothing about who called.',
      'User-assigned identities survive a redeployment and can be shared by several apps.',
      'A new role assignment can take up to ten minutes to work.',
    ],
  },
  {
    ask: 'entra | oauth | oidc | sso | openid',
    say: 'Microsoft Entra ID signs people and applications in and issues signed tokens; your service checks signature, issuer, audience and expiry before it trusts one. OAuth 2.0 gives access, OpenID Connect adds who the person is.',
    more: [
      'Applications in the browser or on the desktop use the authorization code flow with PKCE; services use client credentials or a managed identity.',
      'Identify people by tenant id and object id; names and addresses change.',
      'Roles and groups in the token decide what the caller may do.',
    ],
  },
  {
    ask: 'streaming sse | server-sent events | stream answer/answers/response/responses | websocket/websockets',
    say: 'With stream set to true, the answer comes as server-sent events, one small piece of text each, so the reader sees the first words after a fraction of a second. The last event is data: [DONE].',
    more: [
      'Proxies in between must not buffer, or everything arrives in one block.',
      'Usage comes in the last chunk if stream_options.include_usage was set.',
      'Closing the connection stops the model; what was produced until then is charged.',
      'WebSockets go both ways; for answers of a model, server-sent events are simpler.',
    ],
  },
  {
    ask: 'redis kafka',
    say: 'For a job queue with up to some thousand jobs per second, Redis (with Streams or a library such as BullMQ) is simpler: jobs are picked, confirmed and repeated one by one. Kafka is a log: it keeps events in order per partition for days and lets several consumers read them again.',
    more: [
      'Redis keeps everything in memory, so long backlogs become expensive, and durability depends on its settings.',
      'In Kafka one slow job blocks its partition, and single retries have to be built.',
      'Take Kafka if the events are also needed for analysis or by other teams.',
    ],
    next: 'How many jobs per second do you expect, and may one be lost?',
  },
  {
    ask: 'cache/caching invalidation/strategy | caching | redis cache | cache',
    say: 'A cache keeps the result of slow work near at hand, so it pays where reads are frequent and slightly old data is acceptable. Decide two things first: when does an entry expire, and what happens when many callers miss it at once?',
    more: [
      'Cache-aside is the usual way: look, on a miss load from the source and store with an expiry.',
      'Add some randomness to expiry times, so that not everything expires together.',
      'Let one caller load and the others wait for it, or a popular key overloads the source.',
      'Measure the hit rate; below a half it is rarely worth the trouble.',
    ],
  },
  {
    ask: 'kafka | event hubs/hub | message queue/broker',
    say: 'Kafka and Event Hubs keep events in partitions; order holds within a partition only. Consumers remember their offset, so they can read again after a failure.',
    more: [
      'Delivery is at least once, so the receiving side must cope with duplicates.',
      'The number of partitions limits how many consumers of a group work at the same time.',
      'Choose the key so that what must stay in order has the same key.',
    ],
  },
  {
    ask: 'slow query | query slow | optimise/optimize query/sql | explain plan',
    say: 'Run EXPLAIN (ANALYZE) and look for the step that takes the time: a sequential scan of a large table, a join with far more rows than estimated, or a sort on disk. Most often the cure is an index on the columns of WHERE and JOIN.',
    more: [
      'Select only the columns you need and fetch pages by key instead of OFFSET.',
      'Outdated statistics mislead the planner; ANALYZE refreshes them.',
      'Many small queries in a loop are the other usual suspect: combine them into one.',
    ],
    next: 'Can you show me the query and its plan?',
  },
  {
    ask: 'acid | database transaction/transactions | isolation level/levels | transaction',
    say: 'A transaction makes several changes succeed or fail together. ACID names its promises: atomic, consistent, isolated from others, and durable once confirmed.',
    more: [
      'Read committed is the usual isolation level; serializable is safest, but be ready to repeat transactions.',
      'Keep them short, since they hold locks and keep old row versions alive.',
      'Never wait for a person or a remote service inside one.',
    ],
  },
  {
    ask: 'sql nosql | mongodb postgres/postgresql | nosql | relational document',
    say: 'A relational database is the safe default: it has joins, transactions and constraints, and keeps JSON as well. A document store pays off when each record is read and written as a whole and the shape varies a lot.',
    more: [
      'List your five most frequent queries first; they decide more than the data’s shape.',
      'A single PostgreSQL server carries most products for years.',
      'Schemas do not vanish with NoSQL, they move into the code.',
    ],
  },
  {
    ask: 'inner join left/outer | left join | joins sql | join sql',
    say: 'An INNER JOIN returns only rows that have a partner in both tables. A LEFT JOIN returns all rows of the left table, with NULL in the right columns where there is no partner.',
    more: [
      'A condition on the right table in WHERE turns a left join into an inner one; put it into ON.',
      'To find rows without a partner: LEFT JOIN ... WHERE right.id IS NULL.',
      'If you suddenly get more rows, the join key is not unique on one side.',
    ],
  },
  {
    ask: 'microservices monolith | microservice/microservices',
    say: 'A monolith is deployed as one piece, microservices one by one. Begin with a well-divided monolith; split off a service when a team is held up by the others or when a part must scale on its own.',
    more: [
      'Each split turns a function call into a network call, with timeouts, retries and versions.',
      'A service owns its data; two services on one database are a monolith with delay.',
      'You need good tracing and automatic deployment first.',
    ],
  },
  {
    ask: 'circuit breaker | load balancer | load balancing',
    say: 'A load balancer spreads requests over several servers and leaves out those that fail their health check. A circuit breaker is the guard on the caller’s side: after several failures it stops calling for a while and then tries again with a single request.',
    more: [
      'Without a breaker, waiting requests pile up and one slow service pulls the others down.',
      'Retries belong behind the breaker, with back-off and a budget.',
      'Least connections is mostly a better choice than round robin when calls differ in length.',
    ],
  },
  {
    ask: 'ci cd | continuous integration/delivery/deployment | pipeline build/deploy',
    say: 'Continuous integration means that every change is built and tested automatically and joined with main at least daily. Continuous delivery goes on from there: each tested change can be released at the push of a button.',
    more: [
      'Keep the pipeline under ten minutes, or people stop waiting for it.',
      'Build once and deploy the same artefact everywhere.',
      'Release to a few percent first and have a way back.',
    ],
  },
  {
    ask: 'terraform | bicep | infrastructure code',
    say: 'Terraform compares the wanted state in your files with the recorded one and shows the difference as a plan before anything changes. Bicep does the same for Azure only and needs no state file.',
    more: [
      'The state belongs in a locked remote backend, since it can hold secrets.',
      'Changes made by hand show up as drift in the next plan.',
      'Small modules with few inputs are reused; large ones are copied.',
    ],
  },
  {
    ask: 'kql | kusto | data explorer query',
    say: 'In Kusto a query is a pipeline: a table, then where, extend, summarize and project, one per line. For calls per hour:\n\n```kusto\nRecords\n| where Timestamp > ago(1d)\n| summarize calls = count(), tokens = sum(TotalTokens) by bin(Timestamp, 1h), Workload\n| order by Timestamp asc\n```',
    more: [
      'Filter on time first, since data is kept sorted by it.',
      'has is much faster than contains, because it uses the index of words.',
      'take 10 shows quickly what a table looks like.',
    ],
  },
  {
    ask: 'password reset/forgot/forgotten/change | account locked | mfa phone/lost/new | reset password',
    say: 'Reset your password at the self-service page with your second factor; you need no ticket for that. After five wrong attempts the account is locked for 15 minutes and then opens by itself.',
    more: [
      'With a new phone, register the authenticator app before you give the old one away.',
      'If you have lost your second factor, the service desk checks your identity by video call.',
      'The new password needs 14 characters and must not be one of the last ten.',
    ],
  },
  {
    ask: 'vpn | wifi | wlan connect/connection',
    say: 'Restart the VPN client first and check that your system’s clock is right; that solves most cases. If it still fails, sign out and in again, since an expired session looks the same.',
    more: [
      'Hotel networks often want you to open their sign-in page before anything else works.',
      'The split tunnel sends only company addresses through the VPN, so a slow web page has another cause.',
      'For the service desk, note the time and the error code.',
    ],
  },
  {
    ask: 'phishing | suspicious mail/email/link | clicked link | ransomware',
    say: 'Do not open links or attachments, and report the mail with the Report button. If you have already clicked, disconnect from the network and call the security hotline at once; a quick report is never held against you.',
    more: [
      'Typical signs are pressure, an unusual sender address, and a request to keep it quiet.',
      'If you have typed your password, change it immediately on another device.',
      'The security team removes the same mail from all other mailboxes.',
    ],
  },
  {
    ask: 'gdpr | personal data | data protection | data breach',
    say: 'Under the GDPR, personal data needs a purpose and a legal basis, and is kept no longer than that purpose needs. Requests for access or deletion are answered within one month; a breach with risk is reported within 72 hours.',
    more: [
      'Collect as little as possible and write down where it is stored and who sees it.',
      'A service provider that processes it for you needs a contract for that.',
      'Before a new kind of processing with high risk, an impact assessment is written.',
    ],
    next: 'Which data is it about?',
  },
]
