package io.coatcheck.benchmarks;

import io.coatcheck.benchmarks.Jwt.Library;
import io.coatcheck.benchmarks.Jwt.Signature;
import java.time.Duration;

/** The contestants by name. Public because JMH's generated code names it. */
public enum Entrant {
  FLOOR("floor"),
  COATCHECK_MEMORY("Coatcheck in memory"),
  COATCHECK_MEMORY_ANONYMOUS("Coatcheck in memory; anonymous"),
  TOMCAT("Tomcat"),
  SPRING_MAP("Spring Session map"),
  COATCHECK_NEAR("Coatcheck JDBC + near cache"),
  COATCHECK_NEAR_WARM("Coatcheck JDBC + near cache; hits only"),
  COATCHECK_FEED("Coatcheck JDBC + near cache; change feed"),
  COATCHECK_JDBC("Coatcheck JDBC"),
  SPRING_JDBC("Spring Session JDBC"),
  BARE_SELECT("bare SELECT"),
  JAVA_JWT_HS256("java-jwt HS256"),
  JJWT_HS256("jjwt HS256"),
  NIMBUS_HS256("nimbus HS256"),
  JAVA_JWT_RS256("java-jwt RS256"),
  JJWT_RS256("jjwt RS256"),
  NIMBUS_RS256("nimbus RS256"),
  JAVA_JWT_ES256("java-jwt ES256"),
  JJWT_ES256("jjwt ES256"),
  NIMBUS_ES256("nimbus ES256");

  private final String title;

  Entrant(String title) {
    this.title = title;
  }

  String title() {
    return title;
  }

  boolean needsPostgres() {
    return switch (this) {
      case COATCHECK_NEAR,
          COATCHECK_NEAR_WARM,
          COATCHECK_FEED,
          COATCHECK_JDBC,
          SPRING_JDBC,
          BARE_SELECT ->
          true;
      default -> false;
    };
  }

  /** Opens the contestant with so many sessions in it. */
  Contestant open(int sessions) {
    return switch (this) {
      case FLOOR -> new Floor(sessions);
      case COATCHECK_MEMORY -> Coatchecks.memory(sessions, true);
      case COATCHECK_MEMORY_ANONYMOUS -> Coatchecks.memory(sessions, false);
      case TOMCAT -> new TomcatSessions(sessions);
      case SPRING_MAP -> Springs.map(sessions);
      case COATCHECK_NEAR,
          COATCHECK_NEAR_WARM,
          COATCHECK_FEED,
          COATCHECK_JDBC,
          SPRING_JDBC,
          BARE_SELECT ->
          onPostgres(sessions);
      case JAVA_JWT_HS256 -> new Jwt(Library.JAVA_JWT, Signature.HS256, sessions);
      case JJWT_HS256 -> new Jwt(Library.JJWT, Signature.HS256, sessions);
      case NIMBUS_HS256 -> new Jwt(Library.NIMBUS, Signature.HS256, sessions);
      case JAVA_JWT_RS256 -> new Jwt(Library.JAVA_JWT, Signature.RS256, sessions);
      case JJWT_RS256 -> new Jwt(Library.JJWT, Signature.RS256, sessions);
      case NIMBUS_RS256 -> new Jwt(Library.NIMBUS, Signature.RS256, sessions);
      case JAVA_JWT_ES256 -> new Jwt(Library.JAVA_JWT, Signature.ES256, sessions);
      case JJWT_ES256 -> new Jwt(Library.JJWT, Signature.ES256, sessions);
      case NIMBUS_ES256 -> new Jwt(Library.NIMBUS, Signature.ES256, sessions);
    };
  }

  private Contestant onPostgres(int sessions) {
    Postgres postgres = Postgres.get();
    Contestant contestant =
        switch (this) {
          case COATCHECK_NEAR -> Coatchecks.near(postgres, sessions, Duration.ofSeconds(1));
          case COATCHECK_NEAR_WARM -> Coatchecks.nearWarm(postgres, sessions);
          case COATCHECK_FEED -> Coatchecks.feed(postgres, sessions);
          case COATCHECK_JDBC -> Coatchecks.jdbc(postgres, sessions);
          case SPRING_JDBC -> Springs.jdbc(postgres, sessions);
          default -> new BareSelect(postgres, sessions);
        };
    return new Hosted(contestant, postgres);
  }
}
