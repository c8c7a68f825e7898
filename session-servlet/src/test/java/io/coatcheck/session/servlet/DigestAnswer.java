package io.coatcheck.session.servlet;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Answers a challenge of HTTP's DIGEST, as browsers do. */
final class DigestAnswer {

  private static final Pattern PARAMETER = Pattern.compile("(\\w+)=\"?([^\",]*)\"?");

  private DigestAnswer() {}

  /** Returns the {@code Authorization} to a {@code WWW-Authenticate}, for a request of GET. */
  static String to(String challenge, String user, String password, String path) {
    Map<String, String> asked = new TreeMap<>();
    Matcher parameters = PARAMETER.matcher(challenge);
    while (parameters.find()) {
      asked.put(parameters.group(1), parameters.group(2));
    }
    String algorithm = asked.getOrDefault("algorithm", "MD5");
    String who = hash(algorithm, user + ":" + asked.get("realm") + ":" + password);
    String what = hash(algorithm, "GET:" + path);
    String counted = asked.get("nonce") + ":00000001:0a4f113b:auth";
    String response = hash(algorithm, who + ":" + counted + ":" + what);
    return ("Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", algorithm=%s,"
            + " response=\"%s\", opaque=\"%s\", qop=auth, nc=00000001, cnonce=\"0a4f113b\"")
        .formatted(
            user,
            asked.get("realm"),
            asked.get("nonce"),
            path,
            algorithm,
            response,
            asked.getOrDefault("opaque", ""));
  }

  private static String hash(String algorithm, String text) {
    try {
      byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
      return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
