-- What deploy/kusto says in KQL, in DuckDB's SQL over the same columns.

CREATE VIEW Exchange AS
SELECT * EXCLUDE (StartedAtMs, SentAtMs, FirstByteAtMs, EndedAtMs, Part, Parts, PartSha256, Cut, BodiesSha256,
                  RequestBody, RequestBodyEncoding, ResponseBody, ResponseBodyEncoding),
       make_timestamp(CAST(StartedAtMs * 1000 AS BIGINT)) AS StartedAt,
       make_timestamp(CAST(SentAtMs * 1000 AS BIGINT)) AS SentAt,
       make_timestamp(CAST(FirstByteAtMs * 1000 AS BIGINT)) AS FirstByteAt,
       make_timestamp(CAST(EndedAtMs * 1000 AS BIGINT)) AS EndedAt
FROM ExchangeRaw WHERE coalesce(Part, 1) = 1;

CREATE VIEW ExchangeOnce AS SELECT DISTINCT ON (Id, StartedAt) * FROM Exchange;

CREATE MACRO Exchanges(lower_, upper_) AS TABLE
SELECT *,
       CASE CallerKind
         WHEN 'user' THEN 'user:' || CallerTenantId || '/' || CallerObjectId
         WHEN 'application' THEN 'app:' || CallerTenantId || '/' || if(CallerAppId = '', CallerObjectId, CallerAppId)
         ELSE '' END AS Caller,
       if(ServedModel = '', RequestedModel, ServedModel) AS Model,
       if(ServedDeployment = '', Deployment, ServedDeployment) AS DeploymentThere,
       coalesce(SummedCalls, 1) AS Calls
FROM ExchangeOnce WHERE StartedAt >= lower_ AND StartedAt < upper_;

CREATE MACRO UsageByWorkloadAndCaller(lower_, upper_) AS TABLE
SELECT Workload, Caller,
       sum(e.Calls) AS Calls,
       coalesce(sum(e.Calls) FILTER (Outcome = 'completed'), 0) AS Completed,
       coalesce(sum(e.Calls) FILTER (Outcome = 'refused'), 0) AS Refused,
       coalesce(sum(e.Calls) FILTER (Outcome = 'failed'), 0) AS Failed,
       coalesce(sum(e.Calls) FILTER (Outcome = 'aborted'), 0) AS Aborted,
       coalesce(sum(e.Calls) FILTER (Outcome = 'interrupted'), 0) AS Interrupted,
       coalesce(sum(e.PromptTokens), 0) AS PromptTokens,
       coalesce(sum(e.CachedTokens), 0) AS CachedTokens,
       coalesce(sum(e.CompletionTokens), 0) AS CompletionTokens,
       coalesce(sum(e.ReasoningTokens), 0) AS ReasoningTokens,
       coalesce(sum(e.TotalTokens), 0) AS TotalTokens,
       count_if(UsageSource IN ('counted', 'bounded')) AS EstimatedCalls,
       count_if(CopyKind <> '') AS Copies,
       coalesce(arg_max(CallerName, StartedAt) FILTER (CallerName <> ''), '') AS CallerName
FROM Exchanges(lower_, upper_) e
GROUP BY Workload, Caller ORDER BY TotalTokens DESC, Calls DESC, Workload, Caller;

CREATE MACRO CostByDay(lower_, upper_) AS TABLE
SELECT date_trunc('day', StartedAt) AS Day, Workload, Model, Currency,
       coalesce(sum(e.CostNano), 0) AS CostNano,
       coalesce(sum(e.TotalTokens), 0) AS TotalTokens,
       count_if(Currency = '') AS UnpricedCalls,
       coalesce(sum(e.CostNano), 0) / 1e9 AS Cost
FROM Exchanges(lower_, upper_) e WHERE Currency <> '' OR TotalTokens > 0
GROUP BY ALL ORDER BY Day, Workload, Model, Currency;

CREATE MACRO Errors(lower_, upper_) AS TABLE
SELECT Outcome, OutcomeCode, Status, Workload, Instance,
       sum(e.Calls) AS Calls, min(StartedAt) AS FirstAt, max(StartedAt) AS LastAt
FROM Exchanges(lower_, upper_) e WHERE Outcome <> 'completed' OR Status >= 400
GROUP BY ALL ORDER BY Calls DESC, Outcome, OutcomeCode, Status NULLS FIRST, Workload, Instance;

CREATE MACRO LatencyPercentiles(lower_, upper_) AS TABLE
SELECT Instance, DeploymentThere AS Deployment, Operation, Stream, count(*) AS Calls,
       quantile_disc(DurationMs, 0.5) AS DurationP50,
       quantile_disc(DurationMs, 0.9) AS DurationP90,
       quantile_disc(DurationMs, 0.99) AS DurationP99,
       quantile_disc(TimeToFirstByteMs, 0.5) AS FirstByteP50,
       quantile_disc(TimeToFirstByteMs, 0.9) AS FirstByteP90,
       quantile_disc(TimeToFirstByteMs, 0.99) AS FirstByteP99
FROM Exchanges(lower_, upper_) WHERE Outcome = 'completed' AND Status < 400 AND CopyKind = ''
GROUP BY ALL ORDER BY Instance, Deployment, Operation, Stream;

CREATE MACRO PtuUtilisation(lower_, upper_) AS TABLE
SELECT date_trunc('minute', StartedAt) AS Minute, e.Instance, DeploymentThere AS Deployment,
       sum(e.Calls) AS Calls,
       sum(coalesce(PromptTokens, 0) - coalesce(CachedTokens, 0)
           + CompletionTokenWeight * coalesce(CompletionTokens, 0)) AS Tokens,
       max(p.TokensPerMinute) AS TokensPerMinute,
       Tokens / max(p.TokensPerMinute) AS Utilisation
FROM Exchanges(lower_, upper_) e
JOIN PtuCapacity p ON p.Instance = e.Instance AND p.Deployment = e.DeploymentThere
GROUP BY ALL ORDER BY Minute, Instance, Deployment;

CREATE MACRO ConversationParts(id_) AS TABLE
SELECT Id, Cut, Part, Parts, PartSha256, BodiesSha256, RequestBody, RequestBodyEncoding, ResponseBody, ResponseBodyEncoding,
       PartSha256 = '' OR PartSha256 = sha256(RequestBody || ResponseBody) AS IsWhole
FROM (SELECT DISTINCT ON (Id, Cut, Part) * REPLACE (coalesce(Part, 1) AS Part, coalesce(Parts, 1) AS Parts)
      FROM ExchangeRaw WHERE Id = id_)
ORDER BY Cut, Part;

CREATE MACRO Conversation(id_) AS TABLE
SELECT Id, IsComplete, RequestBody, RequestBodyEncoding, ResponseBody, ResponseBodyEncoding
FROM (SELECT *, Found = Parts AND Damaged = 0
                AND (BodiesSha256 = '' OR BodiesSha256 = sha256(RequestBody || ResponseBody)) AS IsComplete
      FROM (SELECT Id, Cut, max(Parts) AS Parts, count(*) AS Found, count_if(NOT IsWhole) AS Damaged,
                   any_value(BodiesSha256) AS BodiesSha256,
                   string_agg(RequestBody, '' ORDER BY Part) AS RequestBody,
                   any_value(RequestBodyEncoding) AS RequestBodyEncoding,
                   string_agg(ResponseBody, '' ORDER BY Part) AS ResponseBody,
                   any_value(ResponseBodyEncoding) AS ResponseBodyEncoding
            FROM ConversationParts(id_) GROUP BY Id, Cut))
ORDER BY IsComplete DESC LIMIT 1;

-- KQL bounds the parts by the time of their ingestion too, which is no column here.
CREATE MACRO ApimLogBetween(lower_, upper_) AS TABLE
SELECT CompletionTokens AS completion_tokens, PromptTokens AS prompt_tokens, TotalTokens AS total_tokens,
       Workload AS WorkloadIdentifier, Target AS Backend, if(CallerName = '', CallerAppId, CallerName) AS "User",
       FullRequestBody, FullResponseBody
FROM Exchanges(lower_, upper_)
LEFT JOIN (SELECT DISTINCT ON (Id) Id, FullRequestBody, FullResponseBody
           FROM (SELECT Id, Cut, count(*) = max(Parts) AS IsComplete,
                        string_agg(RequestBody, '' ORDER BY Part) AS FullRequestBody,
                        string_agg(ResponseBody, '' ORDER BY Part) AS FullResponseBody
                 FROM (SELECT DISTINCT ON (Id, Cut, Part) Id, Cut, RequestBody, ResponseBody,
                              coalesce(Part, 1) AS Part, coalesce(Parts, 1) AS Parts FROM ExchangeRaw)
                 GROUP BY Id, Cut)
           ORDER BY Id, IsComplete DESC) USING (Id);
