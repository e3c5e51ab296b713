//! What the cryptography alone costs: a tight loop, in a process of its own on the servers' core.

use crate::Outcome;
use crate::process::{SERVER_CORE, cpu, pinned};
use crate::world::PASSWORD;
use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use std::env;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long a loop is measured.
const LONG_ENOUGH: Duration = Duration::from_millis(1_500);
/// About the length of what is signed of a JWT.
const MESSAGE: [u8; 400] = [b'x'; 400];

/// Measures one loop in a process of its own: microseconds of CPU per turn.
pub(crate) fn rate(name: &str) -> Outcome<f64> {
    let program = env::current_exe()?;
    let output = pinned(SERVER_CORE, &program.to_string_lossy()).args(["rate", name]).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// The loop.
pub(crate) fn measure(name: &str) -> Outcome<f64> {
    let random = SystemRandom::new();
    match name {
        "EdDSA" => {
            let pair = Ed25519KeyPair::generate()?;
            repeat(|| pair.sign(&MESSAGE))
        }
        "ES256" => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
            repeat(|| pair.sign(&random, &MESSAGE))
        }
        "RS256" => {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
            let mut signature = vec![0; pair.public_modulus_len()];
            repeat(|| pair.sign(&RSA_PKCS1_SHA256, &random, &MESSAGE, &mut signature))
        }
        _ => {
            let digest = Argon2::default().hash_password_with_salt(PASSWORD.as_bytes(), &[7; 16]);
            let digest = digest.map_err(|error| error.to_string())?.to_string();
            repeat(|| Argon2::default().verify_password(PASSWORD.as_bytes(), digest.as_str()))
        }
    }
}

fn repeat<T>(mut turn: impl FnMut() -> T) -> Outcome<f64> {
    let own = std::process::id();
    let (started, before) = (Instant::now(), cpu(own)?);
    let mut turns = 0;
    while started.elapsed() < LONG_ENOUGH {
        black_box(turn());
        turns += 1;
    }
    Ok((cpu(own)? - before) as f64 / f64::from(turns))
}
