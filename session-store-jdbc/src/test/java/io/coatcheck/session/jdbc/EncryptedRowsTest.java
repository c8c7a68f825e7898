package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionManagerBuilder;
import io.coatcheck.session.codec.AttributeEncryption;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("Encrypted attributes, through Tomcat and the filter to a database")
class EncryptedRowsTest {

  private static final String SECRET = "shown-in-no-backup";

  private static AttributeEncryption.Builder key(String keyId, int fill) {
    return AttributeEncryption.builder(keyId, secret(fill));
  }

  private static SecretKeySpec secret(int fill) {
    byte[] key = new byte[32];
    Arrays.fill(key, (byte) fill);
    return new SecretKeySpec(key, "AES");
  }

  /** Does something with a node on the table. It leaves the table as it is. */
  private static void withNode(
      Table table, UnaryOperator<SessionManagerBuilder> settings, Requests requests)
      throws IOException {
    SessionManager manager =
        settings
            .apply(
                SessionManager.builder(
                        NearCacheSessionStore.builder(table.builder().build())
                            .maxStaleness(Duration.ZERO)
                            .build())
                    .cleanUpInterval(Duration.ZERO))
            .build();
    try (AppNode node = new AppNode(manager, filter -> filter)) {
      requests.run(node.port());
    }
  }

  private interface Requests {
    void run(int port) throws IOException;
  }

  private static String columnOfAll(Table table) throws SQLException {
    StringBuilder all = new StringBuilder();
    try (Connection connection = table.connections.getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT attributes FROM " + table.name)) {
      while (rows.next()) {
        all.append(new String(rows.getBytes(1), StandardCharsets.ISO_8859_1));
      }
    }
    return all.toString();
  }

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void switchedOn_rotated_andMoved(TestDatabase database) throws Exception {
    try (Table table = new Table(new Pool(database, database.database, true, null))) {
      AppClient alice = new AppClient();
      AppClient mallory = new AppClient();
      withNode(
          table, plain -> plain, port -> alice.get(port, "/set?name=old&value=plain-" + SECRET));
      assertThat(columnOfAll(table)).contains("plain-" + SECRET);

      withNode(
          table,
          builder -> builder.encryption(key("a", 1).acceptPlain(true).build()),
          port -> {
            assertThat(alice.get(port, "/read?name=old").body()).isEqualTo("plain-" + SECRET);
            alice.get(port, "/set?name=note&value=" + SECRET);
            alice.get(port, "/login?value=alice");
            assertThat(alice.get(port, "/read").body()).isEqualTo(SECRET);
          });
      assertThat(columnOfAll(table)).doesNotContain(SECRET).contains("note");

      withNode(
          table,
          builder -> builder.encryption(key("b", 2).decryptionKey("a", secret(1)).build()),
          port -> {
            assertThat(alice.get(port, "/read?name=old").body()).isEqualTo("plain-" + SECRET);
            alice.get(port, "/set?name=third&value=3");
          });

      withNode(
          table,
          builder -> builder.encryption(key("b", 2).build()),
          port -> {
            assertThat(alice.get(port, "/read").body()).isEqualTo(SECRET);
            assertThat(alice.get(port, "/read?name=old").body()).isEqualTo("plain-" + SECRET);
            mallory.get(port, "/set?value=mine");
            // An attacker who writes to the table gives Mallory's row the attributes of Alice's.
            table.execute(
                "UPDATE "
                    + table.name
                    + " SET attributes = (SELECT moved FROM (SELECT attributes AS moved FROM "
                    + table.name
                    + " WHERE principal IS NOT NULL) AS theirs) WHERE principal IS NULL");
            AppClient.Answer answer = mallory.get(port, "/read");
            assertThat(answer.status()).isEqualTo(200);
            assertThat(answer.body()).isEqualTo("null");
            assertThat(mallory.get(port, "/set?value=again").status()).isEqualTo(200);
            assertThat(mallory.get(port, "/read").body()).isEqualTo("again");
          });
    }
  }
}
