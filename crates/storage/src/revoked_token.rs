//! The denylist: access tokens that were revoked one by one (RFC 7009), until they would have expired.

use crate::changes::Source;
use crate::error::Result;
use crate::tx::Tx;
use grantry_protocol::Timestamp;

impl Tx<'_> {
    /// Denies a token from now on. To deny it again changes nothing.
    pub fn deny_token(&mut self, token_id: &[u8; 16], expires_at: Timestamp) -> Result<()> {
        self.changes(Source::Token(*token_id));
        let sql = "INSERT INTO revoked_tokens (workspace_id, token_id, expires_at) VALUES ($1, $2, $3)
                   ON CONFLICT (workspace_id, token_id) DO NOTHING";
        self.execute(sql, &[token_id.as_slice().into(), expires_at.into()]).map(drop)
    }

    /// Whether a token is denied.
    pub fn is_denied(&mut self, token_id: &[u8; 16]) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM revoked_tokens WHERE workspace_id = $1 AND token_id = $2";
        Ok(self.count(sql, &[token_id.as_slice().into()])? > 0)
    }
}
