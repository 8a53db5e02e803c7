//! The handshake as str0m runs it, which also hands the keys that it agrees on to whoever protects media.

use std::{
    cell::RefCell,
    fmt,
    sync::{Arc, LazyLock, OnceLock},
    time::Instant,
};

use str0m::crypto::{
    CryptoError, CryptoProvider,
    dtls::{
        DtlsCert, DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, DtlsVersion, KeyingMaterial, ProtocolVersion,
        SrtpProfile,
    },
    from_feature_flags,
};

/// What a handshake agreed on for media (RFC 5764, section 4.2).
pub struct MasterKeys {
    /// How packets are protected.
    pub profile: SrtpProfile,
    /// Both sides' keys, then both sides' salts, the handshake's client first.
    pub material: KeyingMaterial,
    /// Whether this side was the handshake's client.
    pub is_client: bool,
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MasterKeys").field("profile", &self.profile).finish_non_exhaustive()
    }
}

/// Where the keys of one connection are, once its handshake is over.
pub type KeySlot = Arc<OnceLock<MasterKeys>>;

thread_local! {
    /// The slot of the connection that this thread made last.
    static LATEST: RefCell<KeySlot> = RefCell::default();
}

/// What str0m encrypts with: its own, behind handshakes that hand out their keys.
pub fn crypto() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Exporting> = LazyLock::new(|| Exporting(from_feature_flags().dtls_provider));
    static CRYPTO: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(CryptoProvider { dtls_provider: &*PROVIDER, ..from_feature_flags() }));
    CRYPTO.clone()
}

/// The slot for the keys of the connection that this thread made last: str0m says of a handshake no more than that.
pub fn latest_slot() -> KeySlot {
    LATEST.take()
}

#[derive(Debug)]
struct Exporting(&'static dyn DtlsProvider);

impl DtlsProvider for Exporting {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        self.0.generate_certificate()
    }

    fn new_dtls(
        &self,
        certificate: &DtlsCert,
        now: Instant,
        version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let (dtls, slot) = (self.0.new_dtls(certificate, now, version, mtu)?, KeySlot::default());
        LATEST.set(Arc::clone(&slot));
        Ok(Box::new(Handshake { dtls, slot }))
    }

    fn is_test(&self) -> bool {
        self.0.is_test()
    }
}

#[derive(Debug)]
struct Handshake {
    dtls: Box<dyn DtlsInstance>,
    slot: KeySlot,
}

impl DtlsInstance for Handshake {
    fn set_active(&mut self, active: bool) {
        self.dtls.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.dtls.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buffer: &'a mut [u8]) -> DtlsOutput<'a> {
        let output = self.dtls.poll_output(buffer);
        if let DtlsOutput::KeyingMaterial(material, profile) = &output {
            let material = KeyingMaterial::new(material);
            // A handshake is over once; there is no second set of keys.
            let _ = self.slot.set(MasterKeys { profile: *profile, material, is_client: self.dtls.is_active() });
        }
        output
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.dtls.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.dtls.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.dtls.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.dtls.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.dtls.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.dtls.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.dtls.close()
    }
}
