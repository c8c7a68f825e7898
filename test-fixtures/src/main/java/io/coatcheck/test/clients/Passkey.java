package io.coatcheck.test.clients;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An authenticator with one key, and the part of a browser that talks to it. */
public final class Passkey {

  private static final byte[] CREDENTIAL = "the only key of it".getBytes(UTF_8);

  private final String origin;
  private final byte[] relyingParty;
  private final KeyPair keys;
  private String user = "";

  public Passkey(String origin, String relyingParty) throws GeneralSecurityException {
    this.origin = origin;
    this.relyingParty = sha256(relyingParty.getBytes(UTF_8));
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    keys = generator.generateKeyPair();
  }

  /** Answers the options for a registration. */
  public String register(String options) {
    user = find("\"user\":\\{.*?\"id\":\"([^\"]*)\"", options);
    ByteArrayOutputStream data = authenticatorData(0x45);
    data.writeBytes(new byte[16]);
    data.writeBytes(new byte[] {0, (byte) CREDENTIAL.length});
    data.writeBytes(CREDENTIAL);
    ECPublicKey key = (ECPublicKey) keys.getPublic();
    // A COSE key: {1: 2, 3: -7, -1: 1, -2: x, -3: y}
    data.writeBytes(new byte[] {(byte) 0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32});
    data.writeBytes(bytes32(key.getW().getAffineX()));
    data.writeBytes(new byte[] {0x22, 0x58, 32});
    data.writeBytes(bytes32(key.getW().getAffineY()));
    ByteArrayOutputStream attestation = new ByteArrayOutputStream();
    // {"fmt": "none", "attStmt": {}, "authData": …}
    attestation.write(0xa3);
    text(attestation, "fmt");
    text(attestation, "none");
    text(attestation, "attStmt");
    attestation.write(0xa0);
    text(attestation, "authData");
    attestation.writeBytes(new byte[] {0x58, (byte) data.size()});
    attestation.writeBytes(data.toByteArray());
    return """
        {"publicKey": {"label": "phone", "credential": {
          "id": "%1$s", "rawId": "%1$s", "type": "public-key", "clientExtensionResults": {},
          "authenticatorAttachment": "platform",
          "response": {"attestationObject": "%2$s", "clientDataJSON": "%3$s",
            "transports": ["internal"]}}}}"""
        .formatted(
            encode(CREDENTIAL),
            encode(attestation.toByteArray()),
            encode(clientData("webauthn.create", options)));
  }

  /** Answers the options for a login. */
  public String sign(String options) throws GeneralSecurityException {
    byte[] data = authenticatorData(0x05).toByteArray();
    byte[] clientData = clientData("webauthn.get", options);
    Signature signature = Signature.getInstance("SHA256withECDSA");
    signature.initSign(keys.getPrivate());
    signature.update(data);
    signature.update(sha256(clientData));
    return """
        {"id": "%1$s", "rawId": "%1$s", "type": "public-key", "clientExtensionResults": {},
          "authenticatorAttachment": "platform",
          "response": {"authenticatorData": "%2$s", "clientDataJSON": "%3$s", "signature": "%4$s",
            "userHandle": "%5$s"}}"""
        .formatted(
            encode(CREDENTIAL), encode(data), encode(clientData), encode(signature.sign()), user);
  }

  private ByteArrayOutputStream authenticatorData(int flags) {
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    data.writeBytes(relyingParty);
    data.write(flags);
    data.writeBytes(ByteBuffer.allocate(4).putInt(0).array());
    return data;
  }

  private byte[] clientData(String type, String options) {
    return """
        {"type": "%s", "challenge": "%s", "origin": "%s", "crossOrigin": false}"""
        .formatted(type, find("\"challenge\":\"([^\"]*)\"", options), origin)
        .getBytes(UTF_8);
  }

  private static String find(String pattern, String text) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    if (!matcher.find()) {
      throw new IllegalStateException(pattern + " is not in " + text);
    }
    return matcher.group(1);
  }

  private static void text(ByteArrayOutputStream out, String text) {
    out.write(0x60 + text.length());
    out.writeBytes(text.getBytes(UTF_8));
  }

  private static byte[] bytes32(BigInteger number) {
    byte[] bytes = number.toByteArray();
    byte[] padded = new byte[32];
    int length = Math.min(bytes.length, 32);
    System.arraycopy(bytes, bytes.length - length, padded, 32 - length, length);
    return padded;
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String encode(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
