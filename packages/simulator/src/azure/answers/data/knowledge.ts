/**
 * What the generator knows. A row is chosen when its words meet the question's (by stem); `lead` words alone are enough, `near` words add to the
 * score. Each fact stands on its own as a sentence.
 */
export interface KnowledgeRow {
  readonly lead: string
  readonly near: string
  readonly facts: readonly string[]
}

export const knowledge: readonly KnowledgeRow[] = [
  {
    lead: 'vacation holiday holidays pto leave',
    near: 'annual days carry request book approve balance unused',
    facts: [
      'Full-time staff have 28 days of annual leave a year; for part-time staff it is reduced in proportion to their working days.',
      'Leave is requested in the HR portal under Time Off, and the line manager decides within five working days.',
      'Up to five unused days can be carried into the next year and must be taken by the end of March.',
      'Requests for more than two weeks at a stretch should reach the manager at least six weeks ahead.',
      'The remaining balance is shown on the start page of the portal and on every payslip.',
    ],
  },
  {
    lead: 'payroll salary payslip wage paycheck bonus',
    near: 'paid pay tax month date wrong deduction bank account raise',
    facts: [
      'Salaries are paid on the 25th of each month, or on the last working day before it.',
      'Payslips are in the HR portal under Pay, as PDF files for the past ten years.',
      'Changes of bank details must be entered by the 10th to count for the same month.',
      'If an amount looks wrong, open a payroll ticket with the month and the line in question; corrections go out with the next run.',
      'The annual bonus is computed on the base salary of December and paid in March.',
    ],
  },
  {
    lead: 'benefits pension insurance health dental retirement gym childcare',
    near: 'company employee plan cover enrol contribution offer',
    facts: [
      'Health insurance starts on the first working day and can include partners and children.',
      'The company matches pension contributions up to six percent of the salary.',
      'Changes to benefits are made in the enrolment window in November, or within 30 days after a life event.',
      'There is a monthly allowance of 40 euros for sport or public transport.',
    ],
  },
  {
    lead: 'onboarding newcomer starter probation joiner',
    near: 'first day week new hire plan laptop buddy mentor checklist',
    facts: [
      'Before the first day, IT prepares the laptop and the accounts, and the manager names a buddy.',
      'The first week is for introductions, security training and a walk through the team’s current work.',
      'A 30-60-90 day plan says what is learned, what is contributed and what is owned by then.',
      'The probation period is six months, with a talk in the middle and one at the end.',
      'Mandatory trainings (security, data protection, conduct) are due within the first two weeks.',
    ],
  },
  {
    lead: 'remote telework homeworking hybrid office',
    near: 'home work policy days abroad desk wfh week',
    facts: [
      'Teams agree on two to three office days a week; the rest can be worked from home.',
      'Working from another country needs approval, at most 20 days a year, because of tax and social security.',
      'There is a one-time allowance of 400 euros for a chair, a screen or a desk.',
      'Core hours are 10:00 to 15:00 wherever one works.',
    ],
  },
  {
    lead: 'expense expenses reimbursement receipt travel trip',
    near: 'hotel flight claim cost mileage limit submit card',
    facts: [
      'Expenses are claimed in the travel tool within 30 days, with a photo of each receipt.',
      'Trips are booked through the travel desk; flights under six hours are in economy class.',
      'Hotels are covered up to 150 euros a night, in a few cities up to 220.',
      'Approved claims are paid with the next salary.',
    ],
  },
  {
    lead: 'performance appraisal feedback review goals',
    near: 'rating manager employee annual talk conversation promotion self',
    facts: [
      'Reviews take place in January and July and are prepared with a short self-assessment.',
      'Good feedback names the situation, what was done, and the effect it had.',
      'Goals work best when there are three to five of them and each says how one will know that it is reached.',
      'Promotions are decided twice a year by a panel, on written examples of work at the next level.',
    ],
  },
  {
    lead: 'training course learning certification upskill mentoring',
    near: 'budget days develop career programme study conference',
    facts: [
      'Each employee has 1,500 euros and five days a year for learning.',
      'Courses are requested in the learning portal; the manager approves them up to 500 euros, above that the department.',
      'Certification exams are paid for, a second attempt too.',
      'What is learned is shared with the team in a short session afterwards.',
    ],
  },
  {
    lead: 'resign resignation notice offboarding quit terminate',
    near: 'period leaving last day exit contract',
    facts: [
      'The notice period is three months to the end of a month after probation, and two weeks during it.',
      'A resignation must be on paper and signed; e-mail alone does not count.',
      'Open leave is taken before the last day or paid out.',
      'Laptop, badge and keys go back to the service desk on the last day, and accounts close that evening.',
    ],
  },
  {
    lead: 'harassment complaint grievance discrimination conflict whistleblower',
    near: 'report confidential colleague manager team bullying',
    facts: [
      'Concerns can be raised with HR, the works council or the ombudsperson, in confidence.',
      'The reporting line also takes anonymous notes and is run by an outside law firm.',
      'Nobody may suffer a disadvantage for a report made in good faith.',
      'A first talk takes place within three working days, and both sides are heard.',
    ],
  },
  {
    lead: 'interview candidate recruiting hiring recruitment vacancy job',
    near: 'questions applicant position role description ad cv resume process',
    facts: [
      'A fair interview asks every candidate the same core questions and rates the answers before people compare notes.',
      'Ask for concrete situations: what was the task, what did you do, what came of it?',
      'Two interviewers with different views see more than one with more time.',
      'Candidates hear back within five working days, also when the answer is no.',
    ],
  },
  {
    lead: 'vpn network wifi firewall proxy dns',
    near: 'connect connection slow office home client error timeout',
    facts: [
      'Check first whether the plain internet connection works, then restart the VPN client.',
      'Internal names that do not resolve mean in most cases that the tunnel is up but its DNS is not used.',
      'If the connection breaks after a minute or two, the usual reason is an MTU that is too large on the home router.',
      'The service desk needs the time, the network and the client’s log to look into it.',
    ],
  },
  {
    lead: 'phishing malware ransomware suspicious cybersecurity',
    near: 'mail link attachment security click report incident attack',
    facts: [
      'Report a suspicious mail with the Report button and do not open links or attachments.',
      'If something was clicked, disconnect from the network and call the security hotline at once.',
      'Typical signs are pressure, an unusual sender address, and a request to keep it quiet.',
      'Quick reports are never held against anyone; silence is what makes incidents expensive.',
    ],
  },
  {
    lead: 'gdpr privacy personal retention dpia',
    near: 'data protection consent delete store processing law customer request',
    facts: [
      'Personal data needs a purpose and a legal basis, and is kept no longer than that purpose needs.',
      'A request for access or deletion must be answered within one month.',
      'A breach is reported to the authority within 72 hours when it puts people at risk.',
      'Before a new kind of processing with high risk, an impact assessment is written and signed off.',
    ],
  },
  {
    lead: 'quota tpm rate-limit 429 throttling throttled ratelimit',
    near: 'tokens minute requests limit azure openai deployment retry exceeded rate',
    facts: [
      'Quota for Azure OpenAI is given per subscription, region and model in tokens per minute, and deployments share it.',
      'A 429 answer says in retry-after-ms how long to wait; clients should honour it and add some jitter.',
      'The estimate that counts at admission includes max_tokens, so that a generous value uses up the limit without any output.',
      'Spreading the load over several regions or moving the steady part to provisioned throughput are the usual remedies.',
    ],
  },
  {
    lead: 'ptu provisioned throughput reservation',
    near: 'azure openai deployment capacity utilization cost latency unit standard',
    facts: [
      'Provisioned throughput reserves model capacity in units (PTU), at a fixed price per hour and with steady latency.',
      'When utilization reaches 100 percent, further calls get a 429 with the time after which to try again.',
      'It pays off for steady load; peaks are better spilled over to a standard deployment.',
      'How many units are needed depends on the model, the calls per minute, and the lengths of prompts and answers.',
    ],
  },
  {
    lead: 'openai gpt gpt-4o foundry',
    near: 'azure model models deployment service api version region endpoint chat key difference prompt cost',
    facts: [
      'Azure OpenAI offers OpenAI’s models in Azure regions, with Entra ID sign-in, private networking and content filtering.',
      'A model is used through a deployment, and it is the deployment’s name that stands in the URL or in the field model.',
      'GPT-4o takes text and images and has a context of 128,000 tokens; GPT-4o mini is the cheaper choice for simple tasks.',
      'The v1 API needs no api-version; the dated API takes it in the query.',
      'Prompts and completions are not used to train the models.',
    ],
  },
  {
    lead: 'embedding embeddings vector rag retrieval',
    near: 'search documents index similarity chunk cosine store semantic',
    facts: [
      'An embedding turns text into a vector so that texts of similar meaning lie close together.',
      'In retrieval-augmented generation the best passages are looked up first and handed to the model with the question.',
      'Chunks of 300 to 500 tokens with a little overlap are a good beginning.',
      'Combining keyword and vector search, then ranking again, finds more than either alone.',
    ],
  },
  {
    lead: 'token tokens tokenizer tokenization',
    near: 'count cost prompt completion context words length price',
    facts: [
      'A token is a piece of text, about four characters or three quarters of a word in English.',
      'Prompt and completion are counted and priced apart, the completion at a higher rate.',
      'GPT-4o uses the encoding o200k_base, GPT-4 and the embedding models cl100k_base.',
      'Repeated beginnings of long prompts are cached and cost less.',
    ],
  },
  {
    lead: 'entra oauth oidc jwt sso saml identity',
    near: 'token sign app registration managed role claim audience tenant azure api key scope',
    facts: [
      'Microsoft Entra ID issues signed tokens; a service checks signature, issuer, audience and expiry before it trusts one.',
      'Managed identities give a workload a token without any secret to store or rotate.',
      'The object id (oid) with the tenant id identifies a person for good; names and addresses can change.',
      'For calls to Azure OpenAI the role Cognitive Services OpenAI User is enough.',
    ],
  },
  {
    lead: 'streaming sse server-sent stream',
    near: 'events chunk response tokens data chat connection done',
    facts: [
      'With stream set to true the answer comes as server-sent events, one small piece of text each.',
      'The last event is data: [DONE]; usage comes in the one before when include_usage was asked for.',
      'Proxies in between must not buffer, or the reader sees the answer in one block.',
      'Closing the connection stops the generation, and what was produced until then is billed.',
    ],
  },
  {
    lead: 'kubernetes docker container pod helm',
    near: 'cluster image deploy service scale node restart crash memory',
    facts: [
      'A container packs a program with all it needs; Kubernetes runs many of them, restarts what fails and scales what is busy.',
      'CrashLoopBackOff means that the process ends again and again: the log of the previous run says why.',
      'Requests tell the scheduler what a pod needs, limits what it may use at most.',
      'A readiness probe decides about traffic, a liveness probe about restarts; they should not test the same thing.',
    ],
  },
  {
    lead: 'terraform bicep infrastructure-as-code iac',
    near: 'azure state module resource plan apply provider deploy',
    facts: [
      'Terraform compares the wanted state with the recorded one and shows the difference as a plan before anything changes.',
      'The state belongs in a locked remote backend, since it can hold secrets.',
      'Small modules with few inputs are reused; large ones are copied.',
      'A change made by hand shows up as drift in the next plan.',
    ],
  },
  {
    lead: 'redis cache caching memcached',
    near: 'key ttl memory database latency expire session store',
    facts: [
      'Redis keeps its data in memory and answers in well under a millisecond.',
      'A cache needs an answer to two questions: when does an entry expire, and what happens when it is missing for many callers at once?',
      'Counters with an expiry are a simple way to limit rates across several servers.',
      'An eviction policy such as allkeys-lru must be set when it is used as a pure cache.',
    ],
  },
  {
    lead: 'kafka eventhub eventhubs queue messaging pubsub',
    near: 'event hubs partition consumer topic producer azure message offset',
    facts: [
      'Event Hubs and Kafka keep events in partitions; order holds within a partition only.',
      'Consumers remember their offset, so that they can read again after a failure.',
      'Delivery is at least once: the receiving side must cope with duplicates.',
      'The number of partitions limits how many consumers of a group can work at the same time.',
    ],
  },
  {
    lead: 'kql kusto adx dashboard powerbi report reporting',
    near: 'data explorer query table chart azure summarize time',
    facts: [
      'In Kusto a query is a pipeline: a table, then where, extend, summarize and project, one per line.',
      'summarize count() by bin(Timestamp, 1h) is the usual beginning for a chart over time.',
      'Filter on time first, since data is kept sorted by it.',
      'A dashboard that answers one question per tile is read more often than one that shows everything.',
    ],
  },
  {
    lead: 'database sql postgres index transaction',
    near: 'query slow table join key performance rows lock',
    facts: [
      'A slow query is looked at with EXPLAIN first: a sequential scan of a large table is the usual suspect.',
      'An index helps reading and costs writing, so it should belong to a query that is really asked.',
      'A transaction makes several changes succeed or fail together.',
      'Long transactions hold locks and keep old row versions alive.',
    ],
  },
  {
    lead: 'api rest http endpoint webhook',
    near: 'request response status error json version client server design',
    facts: [
      'A good API has nouns in its paths, verbs in its methods, and errors that say what to do next.',
      'Changing calls should be repeatable without harm, with an idempotency key where they are not by nature.',
      'Lists need paging from the first day, since they only ever grow.',
      'A timeout and a limited retry with back-off belong to every client.',
    ],
  },
  {
    lead: 'project plan roadmap milestone milestones',
    near: 'timeline team scope task schedule deadline risk launch phase',
    facts: [
      'A plan begins with the result that is wanted and with who will say that it is reached.',
      'Four phases fit most cases: clarify, build a first version, pilot with real users, roll out.',
      'Each milestone needs one owner, one date and a way to see that it is done.',
      'The three largest risks belong on the first page, each with what is done about it.',
      'A weekly review of half an hour is enough when the list of open decisions is kept up to date.',
    ],
  },
  {
    lead: 'meeting agenda minutes workshop standup',
    near: 'team hour topics decide preparation kickoff notes',
    facts: [
      'A good agenda names the decision wanted for each item, its owner and the minutes it may take.',
      'Ten minutes for the status, thirty for the one hard question, ten for decisions and next steps is a fair split of an hour.',
      'Material goes out a day before, so that the meeting begins with questions.',
      'The minutes say who does what by when, and nothing else.',
    ],
  },
  {
    lead: 'strategy okr kpi kpis objective vision',
    near: 'company market goal team measure quarter key results growth',
    facts: [
      'A strategy says what will not be done, too.',
      'An objective is a direction one can remember; its key results are numbers that can fail.',
      'Three objectives a quarter are plenty, each with two to four key results.',
      'Measures that nobody would act on can be dropped.',
    ],
  },
  {
    lead: 'budget forecast cost costs saving finops finance',
    near: 'quarter year spend plan department reduce cloud money price',
    facts: [
      'Compare plan, actual and forecast by the same lines every month, and explain only what is off by more than five percent.',
      'Cloud costs fall fastest by switching off what nobody uses, then by sizing, then by reservations.',
      'Costs that are attributed to a team are looked at by that team.',
      'Keep a reserve of about ten percent for what is not known yet.',
    ],
  },
  {
    lead: 'customer support ticket churn complaint',
    near: 'client answer satisfaction service response refund angry call',
    facts: [
      'Answer first that the matter is understood and who takes care of it, then when the next news will come.',
      'The reason for a complaint and the trigger for writing it are often two different things.',
      'A refund that is given at once costs less than a discussion of three weeks.',
      'Patterns in tickets are worth a look each month: five causes make up most of them.',
    ],
  },
  {
    lead: 'contract agreement nda clause legal liability',
    near: 'supplier vendor party term sign breach law confidentiality review',
    facts: [
      'Look at term and termination, liability, data protection and the right to use the results first.',
      'A confidentiality agreement should say what is covered, for how long, and what happens to copies.',
      'Liability is often limited to the yearly fee, with exceptions for intent and gross negligence.',
      'Changes to the template need a word from the legal department before signing.',
    ],
  },
  {
    lead: 'invoice purchase procurement supplier vendor payment',
    near: 'order approve paid days tender cost accounting billing',
    facts: [
      'Orders above 5,000 euros need three offers, above 50,000 a tender.',
      'An invoice is paid within 30 days when it carries the order number.',
      'New suppliers are checked for sanctions, data protection and insurance before the first order.',
      'Goods received are confirmed in the purchasing tool; without that, payment stops.',
    ],
  },
  {
    lead: 'marketing campaign brand newsletter slogan social',
    near: 'launch product audience post linkedin message sales content',
    facts: [
      'Say in one sentence who it is for, what changes for them, and why they should believe it.',
      'One message per campaign, repeated in several places, is remembered better than several in one.',
      'A post with a concrete number or a short story is read more than an announcement.',
      'Measure what people do next, not how many have seen it.',
    ],
  },
  {
    lead: 'machine-learning ai llm neural hallucination',
    near: 'model learning machine training artificial intelligence data language work prompt bias',
    facts: [
      'A language model predicts the next piece of text from all that stands before it.',
      'It can state wrong things fluently, so sources and checks belong to every serious use.',
      'Clear instructions, an example and the wanted form of the answer do more than long prompts.',
      'Machine learning finds rules from examples, and is as good as these examples are.',
    ],
  },
]
