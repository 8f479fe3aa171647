//! Certificates.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

/// A certificate authority that nobody else trusts.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

/// The files of a server's certificate and of its key.
pub(crate) struct Certificate {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Authority {
    /// Makes one.
    ///
    /// # Panics
    /// When its folder cannot be written to.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test can be made");
        let mut parameters = CertificateParams::default();
        // A certificate that has the name of its issuer would pass for one that has signed itself.
        parameters.distinguished_name.push(DnType::CommonName, "a test's authority");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key can be made");
        let issuer = CertifiedIssuer::self_signed(parameters, key);
        let issuer = issuer.expect("a certificate can be made");
        let authority = Self { issuer, folder };
        fs::write(authority.file(), authority.issuer.pem()).expect("its folder can be written to");
        authority
    }

    /// The PEM file with its own certificate.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// Certifies a server on this machine, whose folder this is.
    pub(crate) fn certify(&self, folder: &Path) -> Certificate {
        let key = KeyPair::generate().expect("a key can be made");
        let parameters = CertificateParams::new(["127.0.0.1".to_owned()]);
        let parameters = parameters.expect("an address of this machine is a name");
        let signed = parameters.signed_by(&key, &self.issuer);
        let signed = signed.expect("a certificate can be signed");
        let files =
            Certificate { certificate: folder.join("server.pem"), key: folder.join("server.key") };
        fs::write(&files.certificate, signed.pem()).expect("the folder can be written to");
        fs::write(&files.key, key.serialize_pem()).expect("the folder can be written to");
        files
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}
