//! DynamoDB's JSON operations, answered by an embedded engine over SQLite.

use std::{path::Path, sync::Arc};

use dynoxide::{Database, DynoxideError};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::Semaphore;

use super::disk::{Disk, DiskFailed};

/// A request as the SDK would send it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The operation, without the service's name: `PutItem`.
    pub operation: String,
    /// The JSON body.
    pub body: Vec<u8>,
}

/// An answer as DynamoDB would send it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The JSON body.
    pub body: String,
}

/// What a file of the store survives. Both keep every answered write when the process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The process being killed; a power cut may lose the last writes.
    Process,
    /// A power cut too: every write waits for the disk.
    Power,
}

/// The store could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct EngineError(String);

/// The embedded engine. Clones share one store.
#[derive(Clone)]
pub struct Engine {
    database: Database,
    /// Of a store that survives power cuts.
    disk: Option<Arc<Disk>>,
    /// Whose turn it is.
    turns: Arc<Semaphore>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

impl Engine {
    /// A store that is gone with the process.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn memory() -> Result<Self, EngineError> {
        let database = Database::memory().map_err(|error| EngineError(error.to_string()))?;
        Ok(Self { database, disk: None, turns: one_at_a_time() })
    }

    /// A store in a file, made if there is none.
    ///
    /// # Errors
    /// When the file cannot be opened or is no store.
    pub fn open(path: &Path, durability: Durability) -> Result<Self, EngineError> {
        let name = path.to_str().ok_or_else(|| EngineError("the path is not UTF-8".into()))?;
        let database = Database::new(name).map_err(|error| EngineError(error.to_string()))?;
        // The engine starts with a sync per write. Leaving its bulk mode, which it never was in, sets the normal mode
        // of SQLite's write-ahead log: a sync per checkpoint. What more there is to be synced, the disk does.
        database.disable_bulk_loading().map_err(|error| EngineError(error.to_string()))?;
        let disk = match durability {
            Durability::Process => None,
            Durability::Power => {
                let disk = Disk::of(path).map_err(|error| EngineError(error.to_string()))?;
                Some(Arc::new(disk))
            }
        };
        Ok(Self { database, disk, turns: one_at_a_time() })
    }

    /// The same, with a disk that does what a test wants.
    #[cfg(test)]
    pub(crate) fn on_disk(self, sync: Arc<super::disk::Sync>) -> Self {
        Self { disk: Some(Arc::new(Disk::new(sync))), ..self }
    }

    /// Answers one request after the other, each once all that it tells of is as durable as it shall be.
    ///
    /// # Errors
    /// When the disk fails.
    pub(super) async fn answer_kept(&self, request: &Request) -> Result<Answer, DiskFailed> {
        let answer = self.answer_in_turn(request).await;
        self.kept().await?;
        Ok(answer)
    }

    /// Answers one request after the other, without waiting for the disk.
    pub(super) async fn answer_in_turn(&self, request: &Request) -> Answer {
        // The engine does one thing at a time. Whoever waits for it waits here, where that costs no thread; what it does
        // takes a tenth of a millisecond, and handing it to another thread would take as long.
        let _turn = self.turns.acquire().await;
        self.answer(request)
    }

    /// Waits until what was written so far is as durable as it shall be.
    ///
    /// # Errors
    /// When the disk fails.
    pub(super) async fn kept(&self) -> Result<(), DiskFailed> {
        match &self.disk {
            Some(disk) => disk.keeps(disk.written()).await,
            None => Ok(()),
        }
    }

    /// Begins to make what was written so far as durable as it shall be.
    pub(super) fn begin_to_keep(&self) {
        if let Some(disk) = &self.disk {
            disk.begin();
        }
    }

    /// Whether what is answered survives more than the process.
    pub(super) fn waits_for_disk(&self) -> bool {
        self.disk.is_some()
    }

    /// Answers one request, whosever turn it is.
    pub fn answer(&self, request: &Request) -> Answer {
        match self.run(request) {
            Ok(body) => {
                if let Some(disk) = &self.disk
                    && !is_reading(&request.operation)
                {
                    disk.note_write();
                }
                Answer { status: 200, body }
            }
            Err(error) => Answer { status: error.status_code(), body: error.to_json() },
        }
    }

    /// Deletes the items whose time has passed; DynamoDB does so by itself.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn delete_expired(&self) -> Result<usize, EngineError> {
        self.database.sweep_ttl().map_err(|error| EngineError(error.to_string()))
    }

    fn run(&self, request: &Request) -> Result<String, DynoxideError> {
        let (db, body) = (&self.database, request.body.as_slice());
        match request.operation.as_str() {
            "BatchGetItem" => write(&db.batch_get_item(read(body)?)?),
            "BatchWriteItem" => write(&db.batch_write_item(read(body)?)?),
            "CreateTable" => write(&db.create_table(read(body)?)?),
            "DeleteItem" => write(&db.delete_item(read(body)?)?),
            "DescribeTable" => write(&db.describe_table(read(body)?)?),
            "GetItem" => write(&db.get_item(read(body)?)?),
            "PutItem" => write(&db.put_item(read(body)?)?),
            "Query" => write(&db.query(read(body)?)?),
            // No operation of ours scans; a developer who looks at the table does.
            "Scan" => write(&db.scan(read(body)?)?),
            "TransactWriteItems" => write(&db.transact_write_items(read(body)?)?),
            "UpdateItem" => write(&db.update_item(read(body)?)?),
            "UpdateTimeToLive" => write(&db.update_time_to_live(read(body)?)?),
            other => Err(DynoxideError::ValidationException(format!(
                "{other} is not an operation that Parlour uses"
            ))),
        }
    }
}

fn is_reading(operation: &str) -> bool {
    matches!(operation, "BatchGetItem" | "DescribeTable" | "GetItem" | "Query" | "Scan")
}

fn one_at_a_time() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(1))
}

/// Reads a request. The engine marks what DynamoDB would call invalid, rather than unreadable, in
/// the message of the error.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, DynoxideError> {
    serde_json::from_slice(body).map_err(|error| {
        let message = error.to_string();
        match message
            .strip_prefix("VALIDATION:")
            .or_else(|| message.strip_prefix("VALIDATION_REQUEST:"))
        {
            Some(reason) => DynoxideError::ValidationException(reason.to_owned()),
            None => DynoxideError::SerializationException(message),
        }
    })
}

fn write(answer: &impl Serialize) -> Result<String, DynoxideError> {
    serde_json::to_string(answer)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"{"TableName":"table","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}]}"#;

    /// Each time a store moves its log into its file, whoever writes waits: `.cargo/config.toml` says how seldom that is.
    #[tokio::test]
    async fn the_log_is_moved_into_the_file_once_in_sixteen_megabytes() {
        let path = std::env::temp_dir().join(format!("parlour-log-{}.sqlite", std::process::id()));
        let engine = Engine::open(&path, Durability::Process).expect("a store");
        let text = "x".repeat(100_000);
        let put = |key: usize| {
            format!(
                r#"{{"TableName":"table","Item":{{"pk":{{"S":"{key}"}},"text":{{"S":"{text}"}}}}}}"#
            )
        };
        let ask = |operation: &str, body: String| Request {
            operation: operation.into(),
            body: body.into(),
        };
        assert_eq!(engine.answer(&ask("CreateTable", TABLE.into())).status, 200);
        let file =
            |end: &str| std::fs::metadata(format!("{}{end}", path.display())).expect("a file");
        for key in 0..120 {
            assert_eq!(engine.answer(&ask("PutItem", put(key))).status, 200);
        }
        // Twelve megabytes, three times what moves a log if nothing else is said.
        assert!(file("-wal").len() > 12_000_000, "{}", file("-wal").len());
        assert!(file("").len() < 100_000, "{}", file("").len());
        drop(engine);
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", path.display()));
        }
    }

    /// Whatever the disk is not told of would be answered before it is safe from a power cut.
    #[tokio::test]
    async fn the_disk_is_told_of_every_write_and_of_nothing_else() {
        let path =
            std::env::temp_dir().join(format!("parlour-engine-{}.sqlite", std::process::id()));
        let engine = Engine::open(&path, Durability::Power).expect("a store");
        let disk = engine.disk.clone().expect("a disk");
        let ask = |operation: &str, body: &str| Request {
            operation: operation.into(),
            body: body.into(),
        };
        let item = r#"{"TableName":"table","Item":{"pk":{"S":"a"}}}"#;
        let key = r#"{"TableName":"table","Key":{"pk":{"S":"a"}}}"#;
        let mut told = Vec::new();
        for (operation, body) in
            [("CreateTable", TABLE), ("PutItem", item), ("GetItem", key), ("DeleteItem", key)]
        {
            let before = disk.written();
            let answer = engine.answer_kept(&ask(operation, body)).await.expect("a disk");
            assert_eq!(answer.status, 200, "{}", answer.body);
            told.push(before < disk.written());
        }
        assert_eq!(told, [true, true, false, true]);
        drop(engine);
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", path.display()));
        }
    }
}
