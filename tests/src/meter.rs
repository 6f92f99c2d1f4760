//! The store, counting what each request costs.
//!
//! The embedded engine reckons capacity as DynamoDB documents it; the meter asks it for that with
//! each call, which changes nothing else.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use local::embedded::{Answer, Engine, Lost, Request, Wire};
use serde_json::{Value, json};

/// How far away the store is. What is asked for at once is on its way at the same time, as it would
/// be over a network; an embedded store could answer one before the other is sent.
const ROUND_TRIP: Duration = Duration::from_millis(5);

/// A store that counts. Clones share it.
#[derive(Clone)]
pub struct Meter {
    engine: Engine,
    tape: Arc<Mutex<Tape>>,
}

/// What was counted since the last look.
#[derive(Debug, Default)]
struct Tape {
    calls: Vec<Metered>,
    /// Counts beginnings and endings, to tell what ran beside what.
    ticks: u64,
}

/// One call of the store.
#[derive(Clone, Debug)]
pub struct Metered {
    /// The operation: `PutItem`.
    pub operation: String,
    /// The request's body.
    pub request: Value,
    /// The answer's body, once there is one.
    pub answer: Value,
    /// Read units.
    pub reads: f64,
    /// Write units.
    pub writes: f64,
    began: u64,
    ended: u64,
}

impl Meter {
    /// An empty store.
    pub fn new() -> Self {
        Self::over(Engine::memory().expect("an empty store"))
    }

    /// A store that holds something.
    pub fn over(engine: Engine) -> Self {
        Self { engine, tape: Arc::default() }
    }

    /// Everything since the last look, or the start.
    pub fn take(&self) -> Bill {
        Bill(std::mem::take(&mut self.lock().calls))
    }

    /// An item as it is stored, by its keys; not counted.
    pub fn item(&self, partition: &str, sort: &str) -> Value {
        let key = json!({ "pk": { "S": partition }, "sk": { "S": sort } });
        self.ask("GetItem", json!({ "Key": key }))["Item"].clone()
    }

    /// How many items there are of a partition key; not counted.
    pub fn count_items(&self, partition: &str) -> u64 {
        let mut query = json!({
            "KeyConditionExpression": "pk = :pk", "Select": "COUNT",
            "ExpressionAttributeValues": { ":pk": { "S": partition } },
        });
        let mut count = 0;
        loop {
            let answer = self.ask("Query", query.clone());
            count += answer["Count"].as_u64().expect("a count");
            match &answer["LastEvaluatedKey"] {
                Value::Null => return count,
                key => query["ExclusiveStartKey"] = key.clone(),
            }
        }
    }

    /// The items of a partition key; not counted.
    pub fn items(&self, partition: &str) -> Vec<Value> {
        let query = json!({
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": { ":pk": { "S": partition } },
        });
        self.ask("Query", query)["Items"].as_array().cloned().unwrap_or_default()
    }

    /// Puts copies of an item under other sort keys; not counted.
    pub fn copy_item(&self, partition: &str, sort: &str, to: impl IntoIterator<Item = String>) {
        let original = self.item(partition, sort);
        assert!(original.is_object(), "no item {partition} {sort}");
        for sort in to {
            let mut item = original.clone();
            item["sk"] = json!({ "S": sort });
            self.ask("PutItem", json!({ "Item": item }));
        }
    }

    /// Every item of the table; not counted.
    pub fn everything(&self) -> Vec<Value> {
        let (mut items, mut scan) = (Vec::new(), json!({}));
        loop {
            let answer = self.ask("Scan", scan.clone());
            items.extend(answer["Items"].as_array().cloned().unwrap_or_default());
            match &answer["LastEvaluatedKey"] {
                Value::Null => return items,
                key => scan["ExclusiveStartKey"] = key.clone(),
            }
        }
    }

    /// Deletes the items of a partition key whose time is over at this instant, in seconds since 1970, as
    /// DynamoDB does some time later; how many there were. Not counted.
    pub fn expire(&self, partition: &str, at: i64) -> usize {
        let is_over = |item: &Value| {
            item["ttl"]["N"].as_str().is_some_and(|ttl| ttl.parse::<i64>().expect("seconds") < at)
        };
        let over: Vec<Value> = self.items(partition).into_iter().filter(is_over).collect();
        for item in &over {
            self.delete_item(partition, item["sk"]["S"].as_str().expect("a sort key"));
        }
        over.len()
    }

    /// Deletes an item, as if it had never been written; not counted.
    pub fn delete_item(&self, partition: &str, sort: &str) {
        let key = json!({ "pk": { "S": partition }, "sk": { "S": sort } });
        self.ask("DeleteItem", json!({ "Key": key }));
    }

    /// Sets a number of an item; not counted.
    pub fn set_number(&self, partition: &str, sort: &str, attribute: &str, value: u64) {
        let update = json!({
            "Key": { "pk": { "S": partition }, "sk": { "S": sort } },
            "UpdateExpression": "SET #a = :v", "ExpressionAttributeNames": { "#a": attribute },
            "ExpressionAttributeValues": { ":v": { "N": value.to_string() } },
        });
        self.ask("UpdateItem", update);
    }

    /// A call straight to the engine.
    fn ask(&self, operation: &str, mut body: Value) -> Value {
        let table = self.lock().calls.iter().find_map(|call| table_of(&call.request));
        let table = table.expect("a call that names the table since the last look");
        body["TableName"] = table.into();
        let request = Request { operation: operation.into(), body: body.to_string().into() };
        serde_json::from_str(&self.engine.answer(&request).body).expect("JSON")
    }

    fn lock(&self) -> MutexGuard<'_, Tape> {
        self.tape.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Meter {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meter")
    }
}

impl Wire for Meter {
    fn call(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Answer, Lost>> + Send>> {
        let meter = self.clone();
        Box::pin(async move {
            let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            let began = meter.lock().tick();
            let answer = meter.engine.call(with_capacity(&request, &asked)).await?;
            tokio::time::sleep(ROUND_TRIP).await;
            let told: Value = serde_json::from_str(&answer.body).unwrap_or_default();
            let mut tape = meter.lock();
            let ended = tape.tick();
            let (reads, writes) = units(&request.operation, &told);
            let (operation, request) = (request.operation, asked);
            let call = Metered { operation, request, answer: told, reads, writes, began, ended };
            tape.calls.push(call);
            Ok(answer)
        })
    }
}

impl Tape {
    fn tick(&mut self) -> u64 {
        self.ticks += 1;
        self.ticks
    }
}

/// The same request, asking what it costs.
fn with_capacity(request: &Request, asked: &Value) -> Request {
    let mut asked = asked.clone();
    let counted = !request.operation.ends_with("Table") && request.operation != "UpdateTimeToLive";
    if let (true, Some(body)) = (counted, asked.as_object_mut()) {
        body.insert("ReturnConsumedCapacity".into(), "INDEXES".into());
    }
    Request { operation: request.operation.clone(), body: asked.to_string().into() }
}

/// Read and write units of an answer.
fn units(operation: &str, answer: &Value) -> (f64, f64) {
    let consumed = &answer["ConsumedCapacity"];
    let total = match consumed {
        Value::Array(tables) => tables.iter().filter_map(|t| t["CapacityUnits"].as_f64()).sum(),
        one => one["CapacityUnits"].as_f64().unwrap_or_default(),
    };
    let failed = answer["__type"].as_str().is_some_and(|t| t.contains("ConditionalCheckFailed"));
    match operation {
        "GetItem" | "BatchGetItem" | "Query" => (total, 0.0),
        // A condition that does not hold is paid for, although the answer does not say so.
        _ if failed => (0.0, 1.0),
        _ => (0.0, total),
    }
}

fn table_of(request: &Value) -> Option<String> {
    request["TableName"].as_str().map(ToOwned::to_owned)
}

/// What some requests cost.
#[derive(Clone, Debug)]
pub struct Bill(pub Vec<Metered>);

impl Bill {
    /// How many calls.
    pub fn calls(&self) -> usize {
        self.0.len()
    }

    /// How many calls of one operation.
    pub fn count(&self, operation: &str) -> usize {
        self.0.iter().filter(|call| call.operation == operation).count()
    }

    /// Read units.
    pub fn reads(&self) -> f64 {
        self.0.iter().fold(0.0, |sum, call| sum + call.reads)
    }

    /// Write units.
    pub fn writes(&self) -> f64 {
        self.0.iter().fold(0.0, |sum, call| sum + call.writes)
    }

    /// How many round trips one behind the other: a call belongs to the round of those that had not
    /// ended when it began.
    pub fn rounds(&self) -> usize {
        let mut calls: Vec<&Metered> = self.0.iter().collect();
        calls.sort_by_key(|call| call.began);
        let (mut rounds, mut round_ends) = (0, 0);
        for call in calls {
            if rounds == 0 || call.began > round_ends {
                rounds += 1;
                round_ends = call.ended;
            } else {
                round_ends = round_ends.min(call.ended);
            }
        }
        rounds
    }
}

/// The table of calls, for a test that fails.
impl fmt::Display for Bill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (calls, rounds) = (self.calls(), self.rounds());
        writeln!(f, "\n{calls} calls in {rounds} rounds")?;
        writeln!(f, "{:<20} {:>6} {:>6}  what", "operation", "RRU", "WRU")?;
        for Metered { operation, reads, writes, request, answer, .. } in &self.0 {
            let index = request["IndexName"].as_str().unwrap_or_default();
            let refused = answer["__type"].as_str().unwrap_or_default();
            let key = ["Key", "Item"].into_iter().find_map(|k| request[k]["sk"]["S"].as_str());
            let key = key.unwrap_or_default();
            writeln!(f, "{operation:<20} {reads:>6.1} {writes:>6.1}  {key}{index} {refused}")?;
        }
        writeln!(f, "{:<20} {:>6.1} {:>6.1}", "sum", self.reads(), self.writes())
    }
}
