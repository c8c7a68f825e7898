package io.coatcheck.session.codec;

import static io.coatcheck.session.codec.PresetNames.in;
import static io.coatcheck.session.codec.PresetNames.union;

import java.util.Set;

/**
 * What Apache Wicket 10 puts into sessions: its own session object, which contains strings,
 * numbers, messages, and the name of the folder with the session's pages. Wicket uses that name in
 * the file system only after replacing anything that would lead out of its folder. None of these
 * classes has code that runs during decoding.
 *
 * <p>{@code SerializedPage} is not included. It contains bytes that Wicket reads itself, bypassing
 * any allow-list; with the default settings, pages are kept in files and never in the session.
 */
final class WicketClasses {

  private static final String WICKET = "org.apache.wicket";

  static final Set<String> ALL =
      union(
          in(
              WICKET,
              "Session Session$PageAccessSynchronizerProvider MetaDataEntry MetaDataKey"
                  + " DefaultPageManagerProvider$InSessionCache$1"
                  + " RestartResponseAtInterceptPageException$InterceptData"
                  + " RestartResponseAtInterceptPageException$InterceptData$1"),
          in(
              WICKET + ".authroles.authentication",
              "AbstractAuthenticatedWebSession AuthenticatedWebSession"),
          in(WICKET + ".core.request", "ClientInfo"),
          in(WICKET + ".feedback", "FeedbackMessage FeedbackMessages"),
          in(
              WICKET + ".pageStore",
              "AbstractPersistentPageStore$SessionAttribute InSessionPageStore$SessionData"
                  + " InSessionPageStore$CountLimitedData"),
          in(WICKET + ".protocol.http", "ClientProperties WebSession"),
          in(WICKET + ".protocol.http.request", "WebClientInfo"),
          in(WICKET + ".request", "Url Url$QueryParameter"),
          in(WICKET + ".session", "HttpSessionStore$SessionBindingListener"),
          in(WICKET + ".util", "LazyInitializer"),
          in(WICKET + ".util.string", "StringValue"),
          Set.of("java.util.concurrent.atomic.AtomicReference"));

  private WicketClasses() {}
}
