//! Where the methods of a service are known from: a file, or the service itself.

use super::message;
use crate::kinds::client::ClientError;
use crate::kinds::request::RequestError;
use prost_reflect::{DescriptorPool, MethodDescriptor};
use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::path::Path;
use tokio::sync::Mutex;

/// The methods that are known, and those that were asked for already.
pub(super) struct Descriptors {
    /// Without one, the service is asked.
    file: Option<DescriptorPool>,
    /// What services have told of themselves, by their names. Whoever asks keeps others from asking too.
    asked: Mutex<HashMap<String, DescriptorPool>>,
    /// As many as the descriptors know at most.
    methods: RefCell<HashMap<String, MethodDescriptor>>,
}

impl Descriptors {
    /// From a file, or from the service where there is none.
    ///
    /// # Errors
    /// Where the file cannot be read, or is none.
    pub fn new(file: Option<&Path>) -> Result<Descriptors, ClientError> {
        let file = file.map(message::descriptors).transpose()?;
        Ok(Descriptors { file, asked: Mutex::default(), methods: RefCell::default() })
    }

    /// The method that `package.Service/Method` names. `ask` asks a service of that name for its descriptors.
    pub async fn method<F>(
        &self,
        name: &str,
        ask: impl FnOnce(String) -> F,
    ) -> Result<MethodDescriptor, RequestError>
    where
        F: Future<Output = Result<DescriptorPool, RequestError>>,
    {
        if let Some(method) = self.methods.borrow().get(name) {
            return Ok(method.clone());
        }
        let method = match &self.file {
            Some(pool) => message::method(pool, name)?,
            None => {
                let service = name.trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
                let mut asked = self.asked.lock().await;
                if !asked.contains_key(&service) {
                    let pool = ask(service.clone()).await?;
                    asked.insert(service.clone(), pool);
                }
                message::method(&asked[&service], name)?
            }
        };
        self.methods.borrow_mut().insert(name.to_string(), method.clone());
        Ok(method)
    }
}
