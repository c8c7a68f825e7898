package io.coatcheck.session.event;

import io.coatcheck.session.event.SessionEvent.AttributeRefused;
import io.coatcheck.session.event.SessionEvent.AttributeUndecodable;
import io.coatcheck.session.event.SessionEvent.AttributeUnencodable;
import io.coatcheck.session.event.SessionEvent.Authenticated;
import io.coatcheck.session.event.SessionEvent.Created;
import io.coatcheck.session.event.SessionEvent.Ended;
import io.coatcheck.session.event.SessionEvent.EndedElsewhere;
import io.coatcheck.session.event.SessionEvent.ForeignCredential;
import io.coatcheck.session.event.SessionEvent.Renewed;
import io.coatcheck.session.event.SessionEvent.SavedAfterConflict;
import io.coatcheck.session.event.SessionEvent.StoreFailed;
import io.coatcheck.session.event.SessionEvent.TokenRefused;
import io.coatcheck.session.event.SessionEvent.WriteDropped;
import io.coatcheck.session.text.QuotedText;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Writes the events to the SLF4J logger {@value #LOGGER_NAME}, one line each, as {@code
 * event=authenticated at=2026-01-31T09:30:00Z session=… principal="alice" generation=1}.
 *
 * <p>Actions of users (login, logout), and credentials of other systems, are {@code INFO}. Events
 * that need attention (a superseded or mismatched token, a store that fails, an attribute that does
 * not decode) are {@code WARN}. Frequent events (an anonymous session, also its renewal and its
 * end, a token that is unknown, malformed or expired, a merge) are {@code DEBUG}. Untrusted values
 * are quoted, with control characters escaped, so that a client cannot forge a line (ASVS 5.0,
 * 16.4.1).
 *
 * <p>Lines that a client can cause without a login (refused tokens, credentials that open or end
 * nothing, dropped changes) and lines that a failing dependency repeats are limited to {@value
 * #LINES_PER_MINUTE} a minute of each kind; the next line of that kind says how many were left out.
 * Thread-safe.
 *
 * @since 0.1.0
 */
public final class AuditListener implements SessionListener {

  /** The name of the logger. */
  public static final String LOGGER_NAME = "io.coatcheck.session.audit";

  /** The maximum number of lines of each limited kind in a minute. */
  public static final int LINES_PER_MINUTE = 20;

  static final String NO_DETAILS = " details=none";

  private final Logger log;
  private final RateLimit limit = new RateLimit(LINES_PER_MINUTE, Duration.ofMinutes(1));

  /** Creates a listener that writes to the logger {@value #LOGGER_NAME}. */
  public AuditListener() {
    log = LoggerFactory.getLogger(LOGGER_NAME);
  }

  @Override
  public void onEvent(SessionEvent event) {
    if (event instanceof Created created) {
      write(Level.DEBUG, line("created", created));
    } else if (event instanceof Authenticated authenticated) {
      write(
          Level.INFO,
          line("authenticated", authenticated)
              .append(" generation=")
              .append(authenticated.session().generation())
              .append(authenticated.session().remembered() ? " remembered=true" : ""));
    } else if (event instanceof Renewed renewed) {
      write(
          ofUser(renewed),
          line("renewed", renewed).append(" generation=").append(renewed.session().generation()));
    } else if (event instanceof SavedAfterConflict saved) {
      write(
          Level.DEBUG,
          line("saved-after-conflict", saved).append(" attempts=").append(saved.attempts()));
    } else if (event instanceof Ended ended) {
      write(ofUser(ended), line("ended", ended).append(" reason=").append(word(ended.reason())));
    } else if (event instanceof EndedElsewhere elsewhere) {
      write(Level.DEBUG, line("ended-elsewhere", elsewhere));
    } else {
      onTrouble(event);
    }
  }

  /** Returns false: attributes are never logged. */
  @Override
  public boolean needsAttributes() {
    return false;
  }

  /** Returns a lower level for what a client can cause without a login, as often as it likes. */
  private static Level ofUser(SessionEvent event) {
    return event.principal().isPresent() ? Level.INFO : Level.DEBUG;
  }

  private void onTrouble(SessionEvent event) {
    if (event instanceof TokenRefused refused) {
      Level level =
          switch (refused.reason()) {
            case SUPERSEDED, MISMATCHED, AMBIGUOUS -> Level.WARN;
            case MALFORMED, UNKNOWN, EXPIRED -> Level.DEBUG;
          };
      limited(level, refused.reason(), refused, "token-refused", "");
    } else if (event instanceof WriteDropped dropped) {
      StringBuilder names = new StringBuilder();
      dropped.attributes().stream().sorted().forEach(name -> names.append(' ').append(name));
      String text =
          " reason="
              + word(dropped.reason())
              + " attributes="
              + QuotedText.of(names.toString().trim());
      // If reading alone changed the value, such as one computed on first use, nothing is lost.
      Level level = dropped.reason() == DropReason.OVERTAKEN ? Level.DEBUG : Level.WARN;
      limited(level, dropped.reason(), event, "write-dropped", text);
    } else if (event instanceof AttributeUndecodable undecodable) {
      String text = problem(undecodable.attribute(), undecodable.problem());
      limited(Level.WARN, AttributeUndecodable.class, event, "attribute-undecodable", text);
    } else if (event instanceof AttributeUnencodable unencodable) {
      String text = problem(unencodable.attribute(), unencodable.problem());
      limited(Level.WARN, AttributeUnencodable.class, event, "attribute-unencodable", text);
    } else if (event instanceof AttributeRefused refused) {
      String text = problem(refused.attribute(), refused.problem());
      limited(Level.WARN, AttributeRefused.class, event, "attribute-refused", text);
    } else if (event instanceof StoreFailed failed) {
      String text =
          " operation="
              + failed.operation()
              + " problem="
              + QuotedText.of(String.valueOf(failed.failure().getMessage()));
      limited(Level.WARN, StoreFailed.class, event, "store-failed", text);
    } else if (event instanceof ForeignCredential credential) {
      onCredential(credential);
    } else {
      // An event that does not have its own line yet is still logged.
      limited(Level.WARN, event.getClass(), event, event.getClass().getSimpleName(), NO_DETAILS);
    }
  }

  private void onCredential(ForeignCredential event) {
    String text = " kind=" + word(event.kind()) + " outcome=" + word(event.outcome());
    switch (event.outcome()) {
      case ACCEPTED -> write(Level.INFO, line("foreign-credential", event).append(text));
      case SPENT, UNMATCHED, REFUSED ->
          limited(Level.INFO, event.outcome(), event, "foreign-credential", text);
      case FAILED -> limited(Level.WARN, event.outcome(), event, "foreign-credential", text);
    }
  }

  private static String problem(String attribute, String problem) {
    return " attribute=" + QuotedText.of(attribute) + " problem=" + QuotedText.of(problem);
  }

  private void limited(Level level, Object kind, SessionEvent event, String name, String text) {
    if (!log.isEnabledForLevel(level)) {
      return;
    }
    limit
        .take(kind, event.at())
        .ifPresent(
            leftOut -> {
              StringBuilder line = line(name, event);
              if (event instanceof TokenRefused refused) {
                line.append(" reason=").append(word(refused.reason()));
              }
              line.append(text);
              if (leftOut > 0) {
                line.append(" left-out=").append(leftOut);
              }
              write(level, line);
            });
  }

  private static StringBuilder line(String name, SessionEvent event) {
    StringBuilder line = new StringBuilder(160);
    line.append("event=").append(name).append(" at=").append(event.at());
    Optional<SessionId> id = event.sessionId();
    id.ifPresent(present -> line.append(" session=").append(present));
    event
        .principal()
        .ifPresent(principal -> line.append(" principal=").append(QuotedText.of(principal)));
    return line;
  }

  private void write(Level level, StringBuilder line) {
    if (log.isEnabledForLevel(level)) {
      log.atLevel(level).log(line.toString());
    }
  }

  private static String word(Enum<?> reason) {
    return reason.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
