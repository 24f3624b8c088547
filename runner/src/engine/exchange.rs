//! One request on the wire and its response, with the redirects in between.

use std::rc::Rc;
use std::time::Instant;

use http::Method;
use url::Url;

use super::client::{self, Connection, Endpoint, Head, Original, Prepared, Redirected};
use super::hidden::Hidden;
use super::outcome::Failure;
use super::pool::Permit;
use super::request;
use super::stream::{Reading, Streamed};
use super::user::User;
use crate::suite::plan::{Connections, RequestStep};
use crate::suite::scope::Scope;

/// Instants of one exchange, kept outside of it so that they survive its time-out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timing {
    /// First byte written, of the first request where there are redirects.
    pub(crate) written: Option<Instant>,
    /// Last byte read.
    pub(crate) ended: Option<Instant>,
}

/// A whole response on its connection.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) connection: Connection,
    pub(crate) endpoint: Rc<Endpoint>,
    pub(crate) head: Head,
    pub(crate) streamed: Option<Streamed>,
    /// Where it came from, where that is not where the step asked.
    url: Option<Url>,
    /// The right to the connection, where it is shared. After the connection, so that it is given up last.
    permit: Option<Permit>,
}

/// Kept connections, each with where it leads.
pub(crate) type Kept = Vec<(Rc<Endpoint>, Connection)>;

/// What an exchange needs.
pub(crate) struct Exchange<'a> {
    pub(crate) user: &'a User,
    pub(crate) step: &'a RequestStep,
    pub(crate) scope: &'a Scope,
    pub(crate) connections: &'a mut Kept,
    pub(crate) timing: &'a mut Timing,
}

impl Exchange<'_> {
    /// Sends, receives, and follows as many redirects as the step allows.
    pub(crate) async fn run(mut self, prepared: &Prepared<'_>) -> Result<Reply, Failure> {
        let step = self.step;
        let permit = match &self.user.pool {
            Some(pool) => Some(pool.enter().await),
            None => None,
        };
        let mut reply = self.hop(&prepared.endpoint, &step.method, prepared.head, prepared.body).await?;
        let mut last: Option<Redirected> = None;
        let mut body = prepared.body;
        let own_cookies = step.headers.iter().filter(|(name, _)| name == http::header::COOKIE).count();
        for _ in 0..step.redirects {
            let status = reply.head.status;
            let Some(location) = client::location(&reply.connection, status) else { break };
            let [head, text] = reply.connection.parts();
            request::scan(
                self.user,
                Hidden::of(self.user).and_of(prepared.head),
                &[("in the body of a redirect", text), ("in the headers of a redirect", head)],
            )?;
            let url = last.as_ref().map_or_else(|| prepared.url(), |hop| hop.url.clone());
            reply.keep_cookies(self.user, &url);
            let next = {
                let (method, head, own_cookies) = match &last {
                    Some(hop) => (&hop.method, &hop.head[..], hop.own_cookies),
                    None => (&step.method, prepared.head, own_cookies),
                };
                let jar = self.user.jar.borrow();
                let endpoints = &self.user.seat.endpoints;
                let endpoint = &reply.endpoint;
                let original = Original { url: &url, endpoint, method, head, own_cookies };
                client::follow(original, status, &location, endpoints, jar.as_deref())?
            };
            reply.give_back(self.user, self.connections);
            if !next.keeps_body {
                // Whatever comes after a GET is a GET without one too.
                body = &[];
            }
            reply = self.hop(&next.endpoint, &next.method, &next.head, body).await?;
            reply.url = Some(next.url.clone());
            last = Some(next);
        }
        let url = reply.url.take();
        if reply.head.sets_cookies {
            reply.keep_cookies(self.user, &url.unwrap_or_else(|| prepared.url()));
        }
        reply.permit = permit;
        Ok(reply)
    }

    /// Sends and receives, on a kept connection if there is one.
    async fn hop(
        &mut self,
        endpoint: &Rc<Endpoint>,
        method: &Method,
        head: &[u8],
        body: &[u8],
    ) -> Result<Reply, Failure> {
        let mut kept = match &self.user.pool {
            Some(pool) => pool.take(endpoint),
            None => {
                let kept = self.connections.iter().position(|(to, _)| Rc::ptr_eq(to, endpoint));
                kept.map(|index| self.connections.swap_remove(index).1)
            }
        };
        let usable = kept.take_if(|connection| connection.is_usable());
        // One that the server has closed is closed here too before another is opened.
        drop(kept);
        let mut connection = match usable {
            Some(connection) => connection,
            None => Connection::open(endpoint).await?,
        };
        self.timing.written.get_or_insert_with(Instant::now);
        connection.send(head, body).await?;
        let head = connection.receive_head(method).await?;
        let mut streamed = None;
        match &self.step.stream {
            Some(stream) if head.event_stream => {
                connection.unpack_as_it_arrives()?;
                let headers = connection.headers();
                let reading = Reading { stream, scope: self.scope, status: head.status, headers: &headers };
                let streamed = streamed.insert(Streamed::default());
                self.timing.ended = Some(reading.run(&mut connection, streamed).await?);
            }
            _ => {
                connection.receive_body().await?;
                self.timing.ended = Some(Instant::now());
                connection.unpack()?;
            }
        }
        Ok(Reply { connection, endpoint: endpoint.clone(), head, streamed, url: None, permit: None })
    }
}

impl Reply {
    fn keep_cookies(&self, user: &User, url: &Url) {
        if self.head.sets_cookies {
            keep_cookies(user, &self.connection, url);
        }
    }

    /// Forgets the response and keeps the connection, where it can be used again.
    pub(crate) fn give_back(mut self, user: &User, connections: &mut Kept) {
        if !self.connection.finish() || user.connections == Connections::PerRequest {
            return;
        }
        match &user.pool {
            Some(pool) => pool.keep(self.endpoint, self.connection),
            None => connections.push((self.endpoint, self.connection)),
        }
    }
}

/// Puts the cookies of the response on this connection into the user's jar.
pub(crate) fn keep_cookies(user: &User, connection: &Connection, url: &Url) {
    let mut jar = user.jar.borrow_mut();
    let jar = jar.get_or_insert_default();
    for cookie in connection.headers().get_all(http::header::SET_COOKIE) {
        if let Ok(cookie) = cookie.to_str() {
            // A cookie that the rules forbid is left out, as a browser would.
            let _ = jar.parse(cookie, url);
        }
    }
}
