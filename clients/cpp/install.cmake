# What `cmake --install BUILD --component client` installs: the library with what it is linked from, the
# headers, and the package that find_package(Supervision) finds. All headers lie below one folder of
# their own, so that another copy of google/rpc on the machine is not touched.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(client_includes ${CMAKE_INSTALL_INCLUDEDIR}/supervision)
set(client_package ${CMAKE_INSTALL_LIBDIR}/cmake/Supervision)

install(TARGETS supervision_client supervision_api_grpc supervision_api_proto supervision_base
  EXPORT SupervisionTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT client
  INCLUDES DESTINATION ${client_includes})
install(EXPORT SupervisionTargets NAMESPACE supervision::
  DESTINATION ${client_package} COMPONENT client)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/clients/cpp DESTINATION ${client_includes}/clients
  COMPONENT client FILES_MATCHING PATTERN "*.h"
  PATTERN sqlite.h EXCLUDE PATTERN spool_file.h EXCLUDE PATTERN local_error.h EXCLUDE
  PATTERN client_call.h EXCLUDE PATTERN proto_time.h EXCLUDE PATTERN steady_clock.h EXCLUDE PATTERN tls_pair.h
  EXCLUDE)
# The headers of base that those include.
install(FILES ${PROJECT_SOURCE_DIR}/services/base/backoff.h ${PROJECT_SOURCE_DIR}/services/base/mutex.h
  DESTINATION ${client_includes}/services/base COMPONENT client)
install(DIRECTORY ${PROJECT_BINARY_DIR}/protos/supervision/v1 DESTINATION ${client_includes}/supervision
  COMPONENT client FILES_MATCHING PATTERN "*.pb.h")
install(DIRECTORY ${PROJECT_BINARY_DIR}/protos/google/rpc DESTINATION ${client_includes}/google
  COMPONENT client FILES_MATCHING PATTERN "*.pb.h")
# For programs in other languages.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/protos/supervision/v1
  DESTINATION ${CMAKE_INSTALL_DATADIR}/supervision/protos/supervision COMPONENT client)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/protos/google/rpc
  DESTINATION ${CMAKE_INSTALL_DATADIR}/supervision/protos/google COMPONENT client)

configure_package_config_file(SupervisionConfig.cmake.in SupervisionConfig.cmake
  INSTALL_DESTINATION ${client_package})
write_basic_package_version_file(SupervisionConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/SupervisionConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/SupervisionConfigVersion.cmake
  DESTINATION ${client_package} COMPONENT client)
