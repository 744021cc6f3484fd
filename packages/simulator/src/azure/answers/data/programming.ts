import type { Topic } from './topic.ts'

/** What programmers ask about their languages, data and tools. */
export const programmingTopics: readonly Topic[] = [
  {
    ask: 'mutex | mutexes',
    say: 'A mutex (mutual exclusion) is a lock that only one thread can hold at a time. A thread locks it before it touches shared data and unlocks it afterwards; whoever else wants it waits until then.',
    more: [
      'Hold it as briefly as possible, and release it in a finally block or with a guard object, so that an exception cannot leave it locked.',
      'If two mutexes are needed, always take them in the same order, or two threads can block each other for ever.',
      'A semaphore differs in that it lets a fixed number of threads in, not just one.',
      'In Go it is sync.Mutex, in C# the lock statement, in Python threading.Lock.',
    ],
    next: 'Shall I show you an example in your language?',
  },
  {
    ask: 'semaphore | semaphores',
    say: 'A semaphore is a counter that lets a fixed number of threads in at the same time and makes the others wait. With a count of 1 it is close to a mutex, except that another thread may release it.',
    more: [
      'A typical use is to limit how many connections or downloads run at once.',
      'Release it in a finally block, or the count shrinks with every error.',
      'In Go a buffered channel does the same.',
    ],
  },
  {
    ask: 'deadlock | deadlocks',
    say: 'A deadlock is when two parties each hold a lock that the other one needs, so both wait for ever. Example: thread A holds the account and wants the ledger, thread B holds the ledger and wants the account.',
    more: [
      'The usual cure is a fixed order in which locks are taken, everywhere in the program.',
      'A timeout on waiting turns a silent standstill into an error that can be retried.',
      'Databases detect deadlocks and end one of the transactions; be ready to repeat it.',
      'A thread dump shows it: both threads wait, and each names the other’s lock.',
    ],
  },
  {
    ask: 'race condition | data race',
    say: 'A race condition is a bug whose result depends on which of two threads comes first. The classic is counter = counter + 1: both read 5, both write 6, and one increment is lost.',
    more: [
      'Guard the shared value with a lock, or use an atomic operation.',
      'Data that nobody changes cannot race, so prefer immutable values.',
      'Go’s -race flag and thread sanitizers find many of them in tests.',
      'The same happens between web requests: check-then-insert needs a unique constraint in the database.',
    ],
  },
  {
    ask: 'optimistic pessimistic | optimistic locking/lock/concurrency | pessimistic locking/lock',
    say: 'Pessimistic locking locks the row before it is changed, so that others wait (SELECT ... FOR UPDATE). Optimistic locking locks nothing: each row has a version number, and the update succeeds only if the version is still the one that was read.',
    more: [
      'With optimistic locking the statement reads UPDATE ... SET version = version + 1 WHERE id = ? AND version = ?; zero affected rows mean that somebody was faster, so read again and retry.',
      'Optimistic suits many readers and rare conflicts, such as forms in a web application.',
      'Pessimistic suits frequent conflicts and short transactions, such as the last seat on a flight.',
      'Pessimistic locks can lead to deadlocks and must not be held while a person thinks.',
    ],
    next: 'How often do two users change the same row in your case?',
  },
  {
    ask: 'generator second/twice/again/empty/nothing/exhausted | iterator exhausted/empty',
    say: 'A Python generator can be consumed only once. The first loop runs it to its end; the second asks an exhausted generator, gets StopIteration at once and therefore does nothing, without an error.\n\n```python\nrows = (parse(line) for line in lines)\nrows = list(rows)  # keep the values if you need them twice\n```',
    more: [
      'If the data is too large for a list, put the code into a function and call it again for a fresh generator.',
      'itertools.tee works too, but it stores everything that one loop has seen and the other has not.',
      'What could go wrong: a list holds all values in memory, and a generator over an open file fails once the file is closed.',
    ],
    next: 'How many items does it yield?',
  },
  {
    ask: 'generators | yield | generator function | what generator',
    say: 'A generator is a function that hands out its values one by one with yield and stands still in between. It needs memory for one value only, so it can go through files or streams of any size.',
    more: [
      'In Python, calling it runs nothing yet; the code starts with the first next() or loop.',
      'It can be consumed once; for a second pass, call the function again.',
      'Generators can be chained into pipelines: read lines, parse, filter, write.',
      'In TypeScript the form is function* with yield, or async function* for streams.',
    ],
  },
  {
    ask: 'b-tree | btree | index range | b-tree index | index speed/speeds/faster',
    say: 'A B-tree keeps its keys sorted, with hundreds of them per page, so a table of many millions of rows is only three or four levels deep. For a range query the database goes down once to the first key of the range, then simply reads along the linked leaf pages until the end of the range.',
    more: [
      'Without the index it would have to read every row of the table and compare.',
      'The result also comes sorted, which saves an ORDER BY step.',
      'In an index over several columns, the range column should stand last: (customer_id, created_at) serves a filter on one customer and a span of dates.',
      'If the range covers a large part of the table, the planner rightly prefers a full scan.',
      'A function around the column, such as lower(name), makes the index useless unless it is indexed that way.',
    ],
    next: 'Which query is it? EXPLAIN shows whether the index is used.',
  },
  {
    ask: 'sql injection | parameterized | prepared statement/statements',
    say: 'SQL injection happens when input becomes part of the SQL text: with the value 7 OR 1=1, a filter suddenly returns every row. Use parameters, so that the value travels apart from the statement and is never read as SQL.',
    more: [
      'In Node: client.query("select * from orders where id = $1", [id]); in Python: cursor.execute("... where id = %s", (id,)).',
      'Table and column names cannot be parameters; choose them from a fixed list.',
      'Escaping by hand fails sooner or later.',
      'A database user with few rights limits the damage.',
    ],
  },
  {
    ask: 'nested callbacks async/await/promises | callbacks async/await | callback hell | refactor callbacks',
    say: 'Step by step:\n\n1. Wrap each callback function in a promise, with `util.promisify` or the API’s own promise form.\n2. Mark the outer function `async` and put `await` before each call, from the outermost callback inwards.\n3. Replace the `if (error)` branches by one `try`/`catch`.\n4. Run independent calls together with `Promise.all`.\n\n```javascript\n// before: readUser(id, (e, user) => { readOrders(user, (e, orders) => { done(null, orders) }) })\nasync function ordersOf(id) {\n  const user = await readUser(id)\n  return await readOrders(user)\n}\n```',
    more: [
      'What could go wrong: a forgotten await returns a promise instead of a value and loses its errors.',
      'await inside a loop runs one call after the other; that is slow if they do not depend on each other.',
      'Do one function at a time and keep the tests running in between.',
    ],
  },
  {
    ask: 'async await | promise promises | async/await | asynchronous',
    say: 'async and await let asynchronous code read like ordinary code. An async function returns a promise; await pauses that function, not the thread, until the promise is settled, and throws if it was rejected.',
    more: [
      'Calls that do not depend on each other belong into Promise.all, so that they run at the same time.',
      'A missing await is the most common mistake: the error then appears nowhere.',
      'await does not make CPU-heavy work parallel; that needs a worker thread.',
    ],
  },
  {
    ask: 'event loop',
    say: 'The event loop runs JavaScript on one thread: it takes the next finished event (a timer, a socket, a file), runs its callback to the end, then empties the queue of promises, and starts again. While a callback computes, nothing else happens.',
    more: [
      'Promises come before timers, so setTimeout(f, 0) runs after all pending awaits.',
      'Work of more than a few milliseconds belongs into a worker thread or into smaller pieces.',
      'A rising event-loop delay is the best single sign of an overloaded Node process.',
    ],
  },
  {
    ask: 'closure | closures',
    say: 'A closure is a function together with the variables around it that it uses. It keeps them alive after the outer function has returned: makeCounter() can return a function that still counts up its own private number.',
    more: [
      'Each call of the outer function creates fresh variables, so two counters do not disturb each other.',
      'In loops, let gives each round its own variable; var shares one, which is a well-known trap.',
      'What a closure holds on to is not freed, so long-lived callbacks can leak memory.',
    ],
  },
  {
    ask: 'recursion | recursive',
    say: 'Recursion solves a problem by solving smaller copies of it until one is so small that its answer is known. Every recursive function needs that base case and a step that gets closer to it.',
    more: [
      'For example, the size of a folder is the size of its files plus the size of each folder inside it.',
      'Each call takes space on the stack, so a depth of some ten thousand ends in an overflow.',
      'Any recursion can be turned into a loop with a stack of your own.',
    ],
    next: 'Would you like to see it in code?',
  },
  {
    ask: 'big o | time complexity | complexity algorithm | o(n)',
    say: 'Big O says how the work grows with the input: O(1) stays the same, O(log n) gains one step when the input doubles, O(n) doubles, O(n²) quadruples. Constant factors are left out, since growth decides in the end.',
    more: [
      'A hash lookup is O(1), binary search O(log n), a good sort O(n log n), two nested loops O(n²).',
      'For small inputs the simpler algorithm is often faster.',
      'Think of memory in the same way.',
    ],
  },
  {
    ask: 'hash map | hashmap | dictionary lookup | hash table',
    say: 'A hash map computes a number from the key and uses it as the place in an array, so finding an entry takes the same short time for ten entries as for ten million. Keys that land on the same place share a bucket and are compared one by one.',
    more: [
      'When it fills up, it doubles its array and spreads the entries again.',
      'Keys must not change while they are in the map.',
      'It has no sorted order; for ranges take a tree.',
    ],
  },
  {
    ask: 'unit test/tests/testing write/good/what/why | unit testing | test driven | tdd | integration unit',
    say: 'A unit test checks one behaviour of one piece of code, quickly and without outside systems. Give it a name that states the promise, arrange the input, call once, and compare with a value you know to be right.',
    more: [
      'Test the edges: empty, one, many, the limit and just beyond it, and what must be refused.',
      'Make it fail once by breaking the code, or you do not know whether it can.',
      'Integration tests check that the parts fit together; you need few of these and many unit tests.',
      'Tests that depend on time, order or the network become flaky; pass the clock in.',
    ],
  },
  {
    ask: 'mock/mocks/stub/fake test/testing | mocks stubs',
    say: 'A stub gives fixed answers, a mock also checks how it was called, and a fake is a small working replacement, such as a database in memory. Prefer fakes or the real thing: tests with many mocks pass while the parts no longer fit together.',
    more: [
      'Mock what you do not control and what costs money, such as a payment service.',
      'Pass the dependency in as a parameter, so that no patching is needed.',
      'Check the mock against the real service now and then with a contract test.',
    ],
  },
  {
    ask: 'merge rebase | git rebase | rebase',
    say: 'A merge joins two branches with a commit that has both as parents; the history stays as it happened. A rebase takes your commits and writes them anew on top of the other branch, so that the history becomes a straight line.',
    more: [
      'Never rebase commits that others already have, since they get new ids.',
      'Before a pull request, git rebase main keeps the review short; after it, a merge is the safe choice.',
      'If a rebase goes wrong, git rebase --abort brings you back, and git reflog knows where you were.',
    ],
  },
  {
    ask: 'undo commit | revert commit | git reset | last commit undo/remove/revert | git undo',
    say: 'If the commit is still local: git reset --soft HEAD~1 takes it back and keeps your changes staged. If it is already pushed: git revert <id> adds a new commit that undoes it, so nobody’s history breaks.',
    more: [
      'git reset --hard throws the changes away as well, so think twice.',
      'To change only the message of the last commit, use git commit --amend.',
      'git reflog finds commits that seem lost, for about 90 days.',
    ],
  },
  {
    ask: 'merge conflict/conflicts | resolve conflict/conflicts git',
    say: 'git status lists the files in conflict. Open each one, decide what should stand between <<<<<<< and >>>>>>>, remove the markers, run the tests, then git add the files and git commit (or git rebase --continue).',
    more: [
      'git merge --abort takes you back to before the merge.',
      'Ask the author of the other side if you do not know why their change was made.',
      'Small branches that live for a day or two rarely conflict.',
    ],
  },
  {
    ask: 'git',
    say: 'Git keeps the history of a project as a graph of snapshots, complete on every machine. You collect changes with git add, record them with git commit, and exchange them with others through git pull and git push.',
    more: [
      'A branch is just a name for a commit, so branching costs nothing.',
      'Small commits with a reason in the message pay off when you search for a bug with git bisect.',
      'git stash puts unfinished changes aside for a moment.',
    ],
  },
  {
    ask: 'rest graphql',
    say: 'REST gives each resource an address and uses the methods of HTTP on it; GraphQL has one address, and the client names exactly the fields it wants. REST is simpler to cache, log and secure; GraphQL saves round trips when screens combine many resources.',
    more: [
      'With GraphQL, limit the depth and cost of queries, or one client can bring the server down.',
      'Errors differ: REST uses status codes, GraphQL answers 200 with an errors list.',
      'For a public API with few resources, REST is the safer choice.',
    ],
  },
  {
    ask: 'rest api | restful | rest',
    say: 'REST is a style for web APIs: every resource has an address (/orders/7), and the methods of HTTP say what is done with it. GET reads, POST creates, PUT replaces, PATCH changes, DELETE removes.',
    more: [
      'Status codes tell the result: 201 created, 404 not there, 409 conflict, 422 not valid.',
      'GET, PUT and DELETE can be repeated without harm; POST needs an idempotency key for that.',
      'Lists should be paged from the first day.',
      'The server keeps no session between calls, so any replica can answer.',
    ],
  },
  {
    ask: 'put patch | put post',
    say: 'POST creates something under an address that the server chooses; PUT puts a complete resource at the address you name; PATCH changes some of its fields. Repeating a PUT leaves the same result, repeating a POST may create two.',
    more: [
      'For PATCH, JSON Merge Patch is the simplest form: the fields to change, null to remove one.',
      'An If-Match header with the ETag prevents two clients from overwriting each other.',
      'If in doubt, offer POST and PATCH; a complete PUT is rarely what clients have.',
    ],
  },
  {
    ask: 'idempotent/idempotency | idempotency key',
    say: 'An operation is idempotent if doing it twice has the same effect as doing it once: “set the price to 5” is, “add 5” is not. It matters because a client that got no answer has to try again without knowing whether the first try arrived.',
    more: [
      'For payments, the client sends an Idempotency-Key; the server stores it with the result and returns that for a repeat.',
      'Keep the keys for at least as long as clients retry, 24 hours for example.',
      'A unique constraint in the database is the simplest way to enforce it.',
    ],
  },
  {
    ask: 'tls | ssl | https handshake | https work | certificate browser',
    say: 'TLS makes a connection private and proves whom you talk to. In the handshake the server shows its certificate, both sides agree on fresh keys, and from then on everything is encrypted and protected against changes.',
    more: [
      'The client checks that the certificate names the host, has not expired and was signed by an authority it trusts.',
      'TLS 1.3 needs one round trip; versions before 1.2 should be switched off.',
      'Fresh keys for each connection mean that a stolen server key cannot decrypt old recordings.',
      'With mutual TLS the client shows a certificate as well.',
    ],
  },
  {
    ask: 'cors',
    say: 'CORS decides whether a page from one origin may read answers of another one. The browser asks the server; only if it answers with a fitting Access-Control-Allow-Origin header does the page see the result.',
    more: [
      'Anything beyond simple requests, for example with an Authorization header, is preceded by an OPTIONS request, which must be answered without sign-in.',
      'With cookies the origin must be named; the star is not allowed then.',
      'It protects users in browsers, not the server: curl does not care about it.',
    ],
  },
  {
    ask: 'jwt | json web token/tokens',
    say: 'A JWT has three parts separated by dots: header, claims and signature. Anyone can read it, since it is only Base64; the signature shows that the issuer wrote it and nobody changed it.',
    more: [
      'Check signature, algorithm, issuer, audience and expiry, every time and in the service itself.',
      'Never accept the algorithm none, and fix the list of allowed ones.',
      'It cannot be called back, so keep its life short and use refresh tokens.',
    ],
  },
  {
    ask: 'regex/regexp backtracking/slow/catastrophic | learn regular | explain regex/regexp',
    say: 'A regular expression describes text by a pattern: \\d+ is one or more digits, [a-z] one letter, ^ and $ the beginning and end, (…) a group, ? makes something optional. Start with an example that must match and one that must not, and build between them.',
    more: [
      'Nested repetitions such as (a+)+ can take exponential time on hostile input.',
      'Anchor the pattern when the whole text has to fit.',
      'For HTML, JSON or mail addresses, a real parser is the better tool.',
    ],
  },
  {
    ask: 'typescript interface type | interface type typescript | unknown any',
    say: 'In TypeScript, interface describes the shape of objects and can be extended or merged; type can name anything, also unions, tuples and computed types. For plain objects both work, so agree on one in the team.',
    more: [
      'Unions such as type State = "open" | "closed" need type.',
      'Prefer unknown to any: it forces you to check before you use the value.',
      'Types vanish at run time, so data from outside must still be checked.',
    ],
  },
  {
    ask: 'typescript javascript difference/better/versus/vs/or | typescript',
    say: 'TypeScript is JavaScript with types that are checked before the program runs. The types are removed afterwards, so what runs is plain JavaScript with the same speed.',
    more: [
      'It pays off as soon as several people change the code or it lives longer than a few weeks: renames and missing cases are found at once.',
      'Switch on strict from the start; adding it later is much more work.',
      'Data from outside still needs a check at run time, since types do not exist there.',
    ],
  },
  {
    ask: 'stack heap',
    say: 'The stack holds the local variables of the running functions; it grows with each call and shrinks with each return, all by itself. The heap holds objects that live longer than a call; they are freed by hand or by the garbage collector.',
    more: [
      'The stack is small, a few megabytes per thread, so endless recursion overflows it.',
      'Allocating on the heap is slower and causes work for the collector.',
      'Each thread has a stack of its own; the heap is shared.',
    ],
  },
  {
    ask: 'memory leak/leaks | garbage collection/collector',
    say: 'A garbage collector frees what can no longer be reached from the program’s roots. A leak is therefore something that is still reachable but not needed any more: a cache without limit, a listener that was never removed, a closure that holds a large object.',
    more: [
      'Take two heap snapshots some minutes apart and compare which kind of object grew.',
      'Give every cache a maximum size.',
      'A saw-tooth curve of memory is normal; rising low points are the sign of a leak.',
    ],
  },
  {
    ask: 'process thread | threads processes',
    say: 'A process has memory of its own; threads are lines of execution inside a process that share its memory. Threads are cheaper and exchange data easily, but a crash or a race in one of them hurts them all.',
    more: [
      'Shared data between threads needs locks; processes exchange messages instead.',
      'In CPython the global lock lets only one thread compute, so CPU-heavy work needs processes.',
      'A context switch costs a few microseconds, between processes a little more.',
    ],
  },
  {
    ask: 'dependency injection | inversion control | solid principles',
    say: 'Dependency injection means that a piece of code gets what it needs handed in instead of creating it itself. The order service takes a clock and a store as parameters, so a test can give it a fixed time and a store in memory.',
    more: [
      'Constructor parameters are enough; a container is worth it only in large applications.',
      'All parts are put together in one place, at the start of the program.',
      'If a class needs ten dependencies, it does too much.',
    ],
  },
  {
    ask: 'code review | pull request review | review checklist',
    say: 'Look first at whether the change solves the right problem, then at correctness at the edges, errors, security and tests; style comes last and is better left to tools. Ask questions instead of giving orders, and say what is good, too.',
    more: [
      'Above about 400 lines reviewers find hardly anything; ask for smaller changes.',
      'Mark what blocks and what is only a suggestion.',
      'Answer within a working day, since waiting costs more than reading.',
    ],
  },
  {
    ask: 'technical debt | legacy code | refactor/refactoring legacy',
    say: 'Technical debt is work you saved earlier and pay interest on now, in slower and riskier changes. Pay it back where you change code often anyway, with tests around it first and in small steps.',
    more: [
      'List the three places that cost the team most time, with an estimate of hours per month.',
      'A rewrite from scratch nearly always takes longer than planned.',
      'Fifteen to twenty percent of a sprint is a usual share.',
    ],
  },
  {
    ask: 'tcp udp',
    say: 'TCP sets up a connection, delivers bytes in order and sends lost ones again. UDP sends single packets without connection, order or repetition, and is therefore lighter and has less delay.',
    more: [
      'Web pages, mail and databases use TCP; calls, games and DNS mostly use UDP.',
      'With TCP one lost packet holds up all that follow it.',
      'QUIC, the base of HTTP/3, builds reliable streams on top of UDP to avoid just that.',
    ],
  },
]
