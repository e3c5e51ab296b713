//! OpenID Connect Core §3.1.3.6, §3.3.2.11: what binds an access token, a code or a state to the ID token that came with it.

use super::Algorithm;
use aws_lc_rs::digest::{SHA256, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

impl Algorithm {
    /// The value of `at_hash`, `c_hash` or `s_hash` in an ID token signed by this algorithm: the left half of its hash.
    pub fn half_hash(self, value: &str) -> String {
        let hash = match self {
            Self::ES256 | Self::RS256 | Self::PS256 => &SHA256,
            // RFC 8032 §5.1: Ed25519 hashes with SHA-512.
            Self::EdDSA => &SHA512,
        };
        let hash = digest(hash, value.as_bytes());
        URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // OpenID Connect Core appendix A.4 and A.6.
    const ACCESS_TOKEN: &str = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    const CODE: &str = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk";

    #[test]
    fn core_s3_3_2_11_the_examples_of_the_specification() {
        for algorithm in [Algorithm::ES256, Algorithm::RS256, Algorithm::PS256] {
            assert_eq!(algorithm.half_hash(ACCESS_TOKEN), "77QmUPtjPfzWtF2AnpK9RQ", "at_hash");
            assert_eq!(algorithm.half_hash(CODE), "LDktKdoQak3Pk0cnXxCltA", "c_hash");
        }
    }

    #[test]
    fn rfc8032_s5_1_ed25519_hashes_with_sha512() {
        assert_eq!(Algorithm::EdDSA.half_hash(ACCESS_TOKEN), "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM");
        assert_eq!(Algorithm::EdDSA.half_hash(CODE), "E9z1C-c0Az4eTEzE0Nm3OQ3BS2BhMgxuP7x5JAQj1_4");
    }
}
